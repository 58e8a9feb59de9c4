//! Exchanges the tables and puts the rest in its place; on any failure, back. Whoever finds it interrupted does the rest.

use std::time::Duration;

use super::{
    Places,
    belongings::{Belonging, Belongings, Usual, list, removal},
    kept, must_be, run,
};
use crate::engine::{
    EngineError, Session, Value,
    mariadb::{broken::name as quoted, introspect::HOLDING_ROWS, tables::is_ours},
};

/// The table that never moves.
const STAYS: &str = "windlass_lock";

/// How often a RENAME is tried that is not given its tables, with the session's own wait for each.
const RENAMES_MAX: u32 = 10;

/// How long it keeps out of the queue between two tries.
const REST_MS: u64 = 1_000;

/// What became of a swap that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// What comes is in its place.
    Restored,
    /// What was before is.
    Back,
}

/// An exchange that is ready to run.
pub(super) struct Swap<'a> {
    live: &'a str,
    places: &'a Places,
    /// What is beside the tables now, and what shall be.
    before: Belongings,
    wanted: Belongings,
    /// Whether the lock's table comes with the others: where the database has none of its own.
    with_lock: bool,
}

impl<'a> Swap<'a> {
    /// Looks at both sides, makes the database that the old tables go to, and keeps there what is needed to go on after a
    /// crash.
    ///
    /// # Errors
    /// The server's; nothing has changed then.
    pub async fn prepare(
        session: &mut dyn Session,
        live: &'a str,
        places: &'a Places,
        wanted: Belongings,
    ) -> Result<Self, EngineError> {
        let before = Belongings::gather(session, live).await?;
        run(session, &format!("CREATE DATABASE {}", quoted(&places.kept))).await?;
        kept::keep(session, &places.kept, &before, &wanted).await?;
        let with_lock = !tables(session, live).await?.iter().any(|table| table == STAYS);
        Ok(Self { live, places, before, wanted, with_lock })
    }

    /// Finds one that was interrupted.
    ///
    /// # Errors
    /// The server's.
    pub async fn found(session: &mut dyn Session, live: &'a str, places: &'a Places) -> Result<Self, EngineError> {
        let (before, wanted) = kept::read(session, &places.kept).await?;
        Ok(Self { live, places, before, wanted, with_lock: false })
    }

    /// Runs it, and looks at the result.
    ///
    /// # Errors
    /// Everything is as it was, unless the session is gone or the way back failed too: that is [`Failed::HalfWay`].
    pub async fn run(&self, session: &mut dyn Session, fingerprint: &str) -> Result<(), Failed> {
        let error = match self.exchange(session).await {
            Ok(()) => {
                failpoint!("restore.renamed");
                match self.settle(session, fingerprint).await {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        match self.go_back(session).await {
            Ok(()) => Err(Failed::Back(error)),
            Err(gone @ EngineError::Lost { .. }) => Err(Failed::HalfWay(gone)),
            Err(second) => Err(Failed::HalfWay(differs(&format!("{error}; and it could not be put back: {second}")))),
        }
    }

    /// Brings one that was interrupted to its end. Before the tables have changed places that is back: the application has
    /// gone on writing to the old ones. Afterwards it is forward, for then it has written to the new ones; only where the
    /// server refuses what comes it is back.
    ///
    /// # Errors
    /// The server's; it is as it was found, or further on.
    pub async fn finish(&self, session: &mut dyn Session, fingerprint: &str) -> Result<Ended, EngineError> {
        if self.is_exchanged(session).await? {
            // Triggers fire in the order in which they are made, so that none of them may be there yet.
            drop_triggers(session, self.live, self.live).await?;
            failpoint!("mend.triggers", EngineError::fault);
            match self.settle(session, fingerprint).await {
                Ok(()) => return Ok(Ended::Restored),
                Err(EngineError::Refused { .. } | EngineError::Differs { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.go_back(session).await.map(|()| Ended::Back)
    }

    async fn movable(&self, session: &mut dyn Session, database: &str) -> Result<Vec<String>, EngineError> {
        let mut names = tables(session, database).await?;
        names.retain(|name| name != kept::TABLE && (self.with_lock || name != STAYS));
        Ok(names)
    }

    /// The tables move all at once, so that one is enough to tell.
    async fn is_exchanged(&self, session: &mut dyn Session) -> Result<bool, EngineError> {
        Ok(!self.movable(session, &self.places.kept).await?.is_empty())
    }

    /// A table with triggers cannot go to another database (error 1435), so they go first.
    async fn exchange(&self, session: &mut dyn Session) -> Result<(), EngineError> {
        let (out, into) = (self.movable(session, self.live).await?, self.movable(session, &self.places.copy).await?);
        drop_triggers(session, self.live, self.live).await?;
        failpoint!("restore.bare", EngineError::fault);
        drop_triggers(session, &self.places.copy, self.live).await?;
        let moves = moves(self.live, &out, &self.places.kept)
            .chain(moves(&self.places.copy, &into, self.live))
            .collect::<Vec<_>>();
        rename(session, &moves).await
    }

    async fn settle(&self, session: &mut dyn Session, fingerprint: &str) -> Result<(), EngineError> {
        put(session, self.live, &self.wanted, &self.before).await?;
        must_be(&session.schema(None).await?, fingerprint)
    }

    /// Puts in its place what was before, from wherever it is.
    async fn go_back(&self, session: &mut dyn Session) -> Result<(), EngineError> {
        drop_triggers(session, self.live, self.live).await?;
        failpoint!("restore.back", EngineError::fault);
        if self.is_exchanged(session).await? {
            let (into, out) =
                (self.movable(session, self.live).await?, self.movable(session, &self.places.kept).await?);
            run(session, &format!("CREATE DATABASE IF NOT EXISTS {}", quoted(&self.places.copy))).await?;
            let moves = moves(self.live, &into, &self.places.copy)
                .chain(moves(&self.places.kept, &out, self.live))
                .collect::<Vec<_>>();
            rename(session, &moves).await?;
        }
        put(session, self.live, &self.before, &self.wanted).await
    }
}

/// Why a swap failed.
pub(super) enum Failed {
    /// Everything is as it was.
    Back(EngineError),
    /// It is not; what is kept beside it tells how to go on.
    HalfWay(EngineError),
}

fn differs(difference: &str) -> EngineError {
    EngineError::Differs { difference: difference.to_owned() }
}

fn moves<'a>(from: &'a str, tables: &'a [String], to: &'a str) -> impl Iterator<Item = String> + 'a {
    tables.iter().map(move |table| format!("{}.{t} TO {}.{t}", quoted(from), quoted(to), t = quoted(table)))
}

/// Tables and sequences; a sequence is renamed like a table (MariaDB manual, "Sequence Overview").
async fn tables(session: &mut dyn Session, database: &str) -> Result<Vec<String>, EngineError> {
    let sql = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = ?";
    let mut names = Vec::new();
    for row in session.query(sql, &[Value::from(database)]).await? {
        let kind = row.text(1)?.unwrap_or_default();
        if HOLDING_ROWS.contains(&kind) || kind == "SEQUENCE" {
            names.push(row.text(0)?.unwrap_or_default().to_owned());
        }
    }
    Ok(names)
}

/// Removes the triggers of `database`, over a session whose own database is `own`.
async fn drop_triggers(session: &mut dyn Session, database: &str, own: &str) -> Result<(), EngineError> {
    let prefix = if database == own { String::new() } else { format!("{}.", quoted(database)) };
    for (kind, name) in list(session, database).await? {
        if kind == "TRIGGER" {
            run(session, &format!("DROP TRIGGER IF EXISTS {prefix}{}", quoted(&name))).await?;
        }
    }
    Ok(())
}

/// Makes the session's database have exactly these views, routines, events and triggers. What is in the same words in
/// `other`, the set that it has had until now, is not touched; nothing is asked of objects whose tables may be gone.
async fn put(
    session: &mut dyn Session,
    live: &str,
    wanted: &Belongings,
    other: &Belongings,
) -> Result<(), EngineError> {
    let mut missing: Vec<Belonging> = wanted.objects.iter().chain(&wanted.triggers).cloned().collect();
    for (kind, name) in list(session, live).await? {
        let same = |object: &Belonging| object.kind == kind && object.name == name;
        let stays = missing.iter().find(|object| same(object)).is_some_and(|object| other.has(object));
        if stays {
            missing.retain(|object| !same(object));
        } else if !is_ours(&name) {
            run(session, &removal(&kind, &name)).await?;
        }
    }
    let usual = Usual::read(session).await?;
    let made = make(session, missing, &usual).await;
    let put_back = usual.put_back(session).await;
    made.and(put_back)
}

/// Makes objects that may need each other: whatever cannot be made yet waits for the next round. There are at most as
/// many rounds as objects, for each must make one at least.
async fn make(session: &mut dyn Session, mut missing: Vec<Belonging>, usual: &Usual) -> Result<(), EngineError> {
    while !missing.is_empty() {
        let mut waiting = Vec::new();
        let mut refusal = None;
        let before = missing.len();
        for object in missing {
            match object.make(session, usual).await {
                Ok(()) => {}
                Err(error @ EngineError::Refused { .. }) => {
                    refusal = Some(error);
                    waiting.push(object);
                }
                Err(error) => return Err(error),
            }
        }
        if waiting.len() == before {
            return refusal.map_or(Ok(()), Err);
        }
        missing = waiting;
    }
    Ok(())
}

/// Renames all at once. Whoever has one of the tables in a transaction is waited for, a little at a time, so that others
/// get past.
async fn rename(session: &mut dyn Session, moves: &[String]) -> Result<(), EngineError> {
    if moves.is_empty() {
        return Ok(());
    }
    let sql = format!("RENAME TABLE {}", moves.join(", "));
    for _ in 1..RENAMES_MAX {
        match run(session, &sql).await {
            Err(EngineError::Blocked { .. }) => tokio::time::sleep(Duration::from_millis(REST_MS)).await,
            renamed => return renamed,
        }
    }
    run(session, &sql).await
}
