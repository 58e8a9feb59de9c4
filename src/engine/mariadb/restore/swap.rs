//! Exchanges the tables and puts the rest in its place; on any failure, back.

use std::time::Duration;

use super::{
    Places,
    belongings::{Belonging, Belongings, Usual, list, removal},
    must_be, run,
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

/// An exchange that is ready to run.
pub(super) struct Swap<'a> {
    live: &'a str,
    places: &'a Places,
    /// Tables that leave, and those that come.
    out: Vec<String>,
    into: Vec<String>,
    /// What is beside the tables now, and what shall be.
    before: Belongings,
    wanted: Belongings,
}

impl<'a> Swap<'a> {
    /// Looks at both sides, and makes the database that the old tables go to.
    ///
    /// # Errors
    /// The server's; nothing has changed then.
    pub async fn prepare(
        session: &mut dyn Session,
        live: &'a str,
        places: &'a Places,
        wanted: Belongings,
    ) -> Result<Self, EngineError> {
        let mut out = tables(session, live).await?;
        let mut into = tables(session, &places.copy).await?;
        if out.iter().any(|table| table == STAYS) {
            out.retain(|table| table != STAYS);
            into.retain(|table| table != STAYS);
        }
        let before = Belongings::gather(session, live).await?;
        run(session, &format!("CREATE DATABASE {}", quoted(&places.old))).await?;
        Ok(Self { live, places, out, into, before, wanted })
    }

    /// Runs it, and looks at the result.
    ///
    /// # Errors
    /// Everything is as it was, unless the session is gone or the way back failed too; the error says so.
    pub async fn run(self, session: &mut dyn Session, fingerprint: &str) -> Result<(), EngineError> {
        failpoint!("restore.prepared", EngineError::fault);
        if let Err(error) = self.exchange(session).await {
            let back = self.stay(session).await;
            return Err(self.after(error, back));
        }
        failpoint!("restore.renamed");
        let settled = self.settle(session, fingerprint).await;
        let Err(error) = settled else { return Ok(()) };
        let back = self.go_back(session).await;
        Err(self.after(error, back))
    }

    /// A table with triggers cannot go to another database (error 1435), so they go first.
    async fn exchange(&self, session: &mut dyn Session) -> Result<(), EngineError> {
        drop_triggers(session, self.live, self.live).await?;
        drop_triggers(session, &self.places.copy, self.live).await?;
        let moves = moves(self.live, &self.out, &self.places.old)
            .chain(moves(&self.places.copy, &self.into, self.live))
            .collect::<Vec<_>>();
        rename(session, &moves).await
    }

    /// Gives the triggers back to the tables that did not move.
    async fn stay(&self, session: &mut dyn Session) -> Result<(), EngineError> {
        put(session, self.live, &self.before, &self.before).await?;
        run(session, &format!("DROP DATABASE {}", quoted(&self.places.old))).await
    }

    async fn settle(&self, session: &mut dyn Session, fingerprint: &str) -> Result<(), EngineError> {
        put(session, self.live, &self.wanted, &self.before).await?;
        must_be(&session.schema(None).await?, fingerprint)
    }

    async fn go_back(&self, session: &mut dyn Session) -> Result<(), EngineError> {
        drop_triggers(session, self.live, self.live).await?;
        let moves = moves(self.live, &self.into, &self.places.copy)
            .chain(moves(&self.places.old, &self.out, self.live))
            .collect::<Vec<_>>();
        rename(session, &moves).await?;
        put(session, self.live, &self.before, &self.wanted).await?;
        run(session, &format!("DROP DATABASE {}", quoted(&self.places.old))).await
    }

    /// The error to give when the way back was taken; `back` is how that went.
    fn after(&self, error: EngineError, back: Result<(), EngineError>) -> EngineError {
        match back {
            Ok(()) => error,
            Err(gone @ EngineError::Lost { .. }) => gone,
            Err(second) => EngineError::Differs {
                difference: format!(
                    "{error}; and it could not be put back: {second}. The tables from before are in {}",
                    self.places.old
                ),
            },
        }
    }
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
