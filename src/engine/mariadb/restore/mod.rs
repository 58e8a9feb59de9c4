//! Puts a native dump in the place of the database: loaded beside, compared, then swapped.
//!
//! The tables change places in one RENAME, which either happens or does not: of 159 kills of the server in the middle of
//! one none left a mixture. Views, routines, events and triggers cannot be renamed into another database (triggers:
//! error 1435), so they are written again after it. Before the first of them goes, a row of `windlass_lock` says which
//! restore this is, and the database that the old tables go to keeps what was beside them and what comes ([`kept`]): the
//! next run that has the lock finds both, and brings it to its end ([`finish`]). What is beside the database is removed then too.
//!
//! `windlass_lock` stays where it is: its epoch only ever rises. Foreign keys follow their tables; those of tables in
//! *other* databases follow the old tables and are not handled here. Where the event scheduler is on, events of the copy
//! may fire in the copy while it is compared; what they change there shows as a difference, and the restore is refused.

mod belongings;
mod kept;
mod load;
mod swap;

use std::path::Path;

use sha2::{Digest, Sha256};
use ulid::Ulid;

use self::{
    belongings::Belongings,
    swap::{Ended, Failed, Swap},
};
use super::{
    address::Address,
    broken,
    open::{self, Purpose},
    session::MariaSession,
    tables::WORDS,
};
use crate::{
    engine::{
        self, DdlScope, DumpSource, EngineError, RestoreError, Session, Value,
        bookkeeping::{
            self,
            restoring::{self, Phase, Restoring},
        },
    },
    model::{schema::Schema, snapshot::Manifest},
};

/// The longest name of a database (MySQL manual, "Identifier Length Limits").
const NAME_LETTERS_MAX: usize = 64;

/// How long the id at the end of a name beside the database is.
const ID_LETTERS: usize = 8;

/// Restores; `session` holds the lock before and after. With an `epoch`, what is done is written down first.
///
/// # Errors
/// The database is then as it was, or what is written down says how to go on. Without a session it is gone.
pub(super) async fn restore(
    address: &Address,
    mut session: Box<dyn Session>,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    epoch: Option<i64>,
) -> Result<Box<dyn Session>, RestoreError> {
    match restored(address, &mut *session, scratch, source, manifest, epoch).await {
        Ok(()) => Ok(session),
        Err(error) => {
            let there = session.query("SELECT 1", &[]).await.is_ok();
            Err(RestoreError { session: there.then_some(session), error })
        }
    }
}

async fn restored(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    epoch: Option<i64>,
) -> Result<(), EngineError> {
    let live = asked_name(session).await?;
    let places = Places::beside(&live);
    let note = Note { epoch, restoring: places.restoring(manifest) };
    // Where an earlier one was left in the middle and cannot be finished, that stays told until this one is in its place.
    let is_half = epoch.is_some() && restoring::read(session).await?.is_some_and(|left| left.phase == Phase::Swapping);
    if !is_half {
        note.write(session, Phase::Loading).await?;
    }
    failpoint!("restore.noted", EngineError::fault);
    let replaced = match create_beside(session, &live, &places.copy).await {
        Ok(()) => replaced(address, session, scratch, source, manifest, &live, &note, &places).await,
        Err(error) => Err(Failed::Back(error)),
    };
    match replaced {
        // What is left beside it is what is gone on with.
        Err(Failed::HalfWay(error @ EngineError::Lost { .. })) => Err(error),
        Err(Failed::HalfWay(error)) => Err(EngineError::HalfRestored(Box::new(error))),
        Err(Failed::Back(error)) => {
            let note = if is_half { Note { epoch: None, ..note } } else { note };
            note.put_away(session).await;
            Err(error)
        }
        Ok(()) => {
            note.put_away(session).await;
            Ok(())
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "each is asked for once, and none belongs to another")]
async fn replaced(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    live: &str,
    note: &Note,
    places: &Places,
) -> Result<(), Failed> {
    let wanted = loaded(address, session, scratch, source, manifest, note, places).await.map_err(Failed::Back)?;
    let swap = Swap::prepare(session, live, places, wanted).await.map_err(Failed::Back)?;
    // Fenced: a run that was overtaken changes nothing. The session that says so has the lock, and what follows is its own.
    note.write(session, Phase::Swapping).await.map_err(Failed::Back)?;
    failpoint!("restore.prepared");
    swap.run(session, &manifest.schema_fingerprint).await?;
    failpoint!("restore.settled");
    note.write(session, Phase::Done).await.map_err(Failed::HalfWay)?;
    failpoint!("restore.tidy");
    Ok(())
}

/// Fills the copy, and finds it good; gives what is beside its tables.
async fn loaded(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    note: &Note,
    places: &Places,
) -> Result<Belongings, EngineError> {
    let beside = address.with_database(&places.copy);
    let product = session.server().product;
    engine::awake(session, load::load(&beside, product, scratch, source)).await?;
    let mut copy = Box::new(open::open(&beside, Purpose::Write).await?);
    let facts = engine::awake(session, compared(&mut copy, manifest)).await;
    let wanted = match facts {
        Ok(()) => gathered(&mut *copy, note, places).await,
        Err(error) => Err(error),
    };
    copy.close().await;
    failpoint!("restore.loaded", EngineError::fault);
    wanted
}

/// What is beside the copy's tables. A snapshot from before the first run gets our tables: the lock's stays in the
/// database, and is read together with the others.
async fn gathered(copy: &mut dyn Session, note: &Note, places: &Places) -> Result<Belongings, EngineError> {
    if note.epoch.is_some() && !bookkeeping::present(copy, &WORDS).await? {
        bookkeeping::ensure(copy, &WORDS, DdlScope::Statement).await?;
    }
    Belongings::gather(copy, &places.copy).await
}

/// Brings a restore that was interrupted to its end, and removes what it left beside the database; gives what became of
/// it in words.
///
/// # Errors
/// The server's; what is written down stays then.
pub(super) async fn finish(session: &mut dyn Session, epoch: i64) -> Result<Option<String>, EngineError> {
    let Some(restoring) = restoring::read(session).await? else { return Ok(None) };
    let places = Places { copy: restoring.copy.clone(), kept: restoring.kept.clone() };
    let snapshot = restoring.snapshot.clone();
    let fingerprint = restoring.fingerprint.clone();
    let phase = restoring.phase;
    let note = Note { epoch: Some(epoch), restoring };
    let mut told = None;
    if phase == Phase::Swapping {
        let live = asked_name(session).await?;
        failpoint!("mend.found", EngineError::fault);
        let ended = Swap::found(session, &live, &places).await?.finish(session, &fingerprint).await?;
        note.write(session, Phase::Done).await?;
        failpoint!("mend.done", EngineError::fault);
        told = Some(match ended {
            Ended::Restored => format!("the restore of snapshot {snapshot} was interrupted, and is finished now"),
            Ended::Back => {
                format!("the restore of snapshot {snapshot} was interrupted; the database is as it was before it")
            }
        });
    }
    note.put_away(session).await;
    Ok(told)
}

/// What is written down of a restore, where there is an epoch to write under.
struct Note {
    epoch: Option<i64>,
    restoring: Restoring,
}

impl Note {
    async fn write(&self, session: &mut dyn Session, phase: Phase) -> Result<(), EngineError> {
        match self.epoch {
            Some(_) if ablated!("restore-note") => Ok(()),
            Some(epoch) => restoring::write(session, epoch, &self.restoring.at(phase)).await,
            None => Ok(()),
        }
    }

    /// Removes what is beside the database, and then what is written down of it. What cannot be removed is told of, stays
    /// written down, and is removed by the next run.
    async fn put_away(&self, session: &mut dyn Session) {
        let Restoring { copy, kept, .. } = &self.restoring;
        let put_away = async {
            for name in [copy, kept] {
                run(session, &format!("DROP DATABASE IF EXISTS {}", broken::name(name))).await?;
                failpoint!("restore.dropped", EngineError::fault);
            }
            match self.epoch {
                Some(epoch) => restoring::forget(session, epoch).await,
                None => Ok(()),
            }
        };
        if let Err(error) = put_away.await {
            tracing::warn!(database = %copy, %error, "{copy} and {kept} could not be removed; the next run removes them");
        }
    }
}

/// The names beside the database that a restore uses.
struct Places {
    copy: String,
    kept: String,
}

impl Places {
    fn beside(live: &str) -> Self {
        let ulid = Ulid::generate().to_string().to_lowercase();
        let id = &ulid[ulid.len() - ID_LETTERS..];
        let stem = stem(live);
        Self { copy: format!("{stem}__windlass_restore_{id}"), kept: format!("{stem}__windlass_kept_{id}") }
    }

    fn restoring(&self, manifest: &Manifest) -> Restoring {
        Restoring {
            snapshot: manifest.id.to_string(),
            phase: Phase::Loading,
            copy: self.copy.clone(),
            kept: self.kept.clone(),
            fingerprint: manifest.schema_fingerprint.clone(),
        }
    }
}

/// The database's name, or its beginning with a hash where the whole would leave no room.
fn stem(live: &str) -> String {
    const ROOM: usize = NAME_LETTERS_MAX - "__windlass_restore_".len() - ID_LETTERS;
    if live.chars().count() <= ROOM {
        return live.to_owned();
    }
    let hash = Sha256::digest(live);
    let beginning: String = live.chars().take(ROOM - 9).collect();
    format!("{beginning}_{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

async fn asked_name(session: &mut dyn Session) -> Result<String, EngineError> {
    let rows = session.query("SELECT DATABASE()", &[]).await?;
    let name = rows.first().map_or(Ok(None), |row| row.text(0))?;
    Ok(name.unwrap_or_default().to_owned())
}

async fn create_beside(session: &mut dyn Session, live: &str, copy: &str) -> Result<(), EngineError> {
    let sql = "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata \
               WHERE schema_name = ?";
    let rows = session.query(sql, &[Value::from(live)]).await?;
    let words = rows.first().ok_or_else(|| differs("the database has no entry in information_schema.schemata"))?;
    let (charset, collation) = (words.text(0)?.unwrap_or("utf8mb4"), words.text(1)?.unwrap_or("utf8mb4_bin"));
    run(session, &format!("CREATE DATABASE {} CHARACTER SET {charset} COLLATE {collation}", broken::name(copy))).await
}

async fn compared(copy: &mut MariaSession, manifest: &Manifest) -> Result<(), EngineError> {
    must_be(&copy.schema(None).await?, &manifest.schema_fingerprint)?;
    let counts = copy.count_rows().await?;
    for (table, expected) in &manifest.tables {
        match counts.get(table) {
            Some(found) if found == expected => {}
            // Our own tables are not counted here; a manifest may name them.
            None if super::tables::is_ours(table) => {}
            Some(found) => return Err(differs(&format!("{table} has {found} rows, not {expected}"))),
            None => return Err(differs(&format!("{table} is missing"))),
        }
    }
    Ok(())
}

fn must_be(schema: &Schema, expected: &str) -> Result<(), EngineError> {
    let found = schema.fingerprint();
    if found == expected { Ok(()) } else { Err(differs(&format!("the schema is {found}, not {expected}"))) }
}

fn differs(difference: &str) -> EngineError {
    EngineError::Differs { difference: difference.to_owned() }
}

/// Runs a statement of ours that may take as long as it takes.
async fn run(session: &mut dyn Session, sql: &str) -> Result<(), EngineError> {
    session.execute(sql).await.map(|_| ()).map_err(|failed| failed.error)
}
