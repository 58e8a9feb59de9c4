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

pub(super) use self::load::load;

use std::path::Path;

use self::{
    belongings::Belongings,
    swap::{Ended, Failed, Swap},
};
use super::{
    address::Address,
    beside::{self, run},
    open::{self, Purpose},
    session::MariaSession,
    tables::WORDS,
};
use crate::{
    engine::{
        self, DdlScope, DumpSource, EngineError, RestoreError, Session,
        bookkeeping::{
            self,
            restoring::{self, Phase, Restoring},
        },
    },
    model::{schema::Schema, snapshot::Manifest},
};

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
    beside::sweep(session, &live).await?;
    for name in [&places.copy, &places.kept] {
        beside::must_be_free(session, name).await?;
    }
    // Where an earlier one was left in the middle and cannot be finished, that stays told until this one is in its place.
    let is_half = epoch.is_some() && restoring::read(session).await?.is_some_and(|left| left.phase == Phase::Swapping);
    if !is_half {
        note.write(session, Phase::Loading).await?;
    }
    failpoint!("restore.noted", EngineError::fault);
    let replaced = match beside::create_like(session, &live, &places.copy).await {
        Ok(()) => replaced(address, session, scratch, source, manifest, &live, &note, &places).await,
        Err(error) => Err(Failed::Back(error)),
    };
    let restored = match replaced {
        // What is left beside it is what is gone on with.
        Err(Failed::HalfWay(error @ EngineError::Lost { .. })) => return Err(error),
        Err(Failed::HalfWay(error)) => return Err(EngineError::HalfRestored(Box::new(error))),
        Err(Failed::Back(error)) => {
            let note = if is_half { Note { epoch: None, ..note } } else { note };
            note.put_away(session).await;
            Err(error)
        }
        Ok(()) => {
            note.put_away(session).await;
            Ok(())
        }
    };
    for name in [&places.copy, &places.kept] {
        if let Err(error) = beside::free(session, name).await {
            tracing::debug!(database = %name, %error, "the name could not be given back; it goes with the session");
        }
    }
    restored
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
    let wanted =
        loaded(address, session, scratch, source, manifest, (Some(note), &places.copy)).await.map_err(Failed::Back)?;
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
/// Loads a dump into the copy, and finds it good. `session` is kept awake.
///
/// # Errors
/// When it cannot be loaded, or differs.
pub(super) async fn prove(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    copy: &str,
) -> Result<(), EngineError> {
    loaded(address, session, scratch, source, manifest, (None, copy)).await.map(drop)
}

/// Fills the copy, and finds it good; gives what is beside its tables.
async fn loaded(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    (note, copy): (Option<&Note>, &str),
) -> Result<Belongings, EngineError> {
    let beside = address.with_database(copy);
    let product = session.server().product;
    engine::awake(session, load::load(&beside, product, scratch, source)).await?;
    let mut opened = Box::new(open::open(&beside, Purpose::Write).await?);
    let facts = engine::awake(session, compared(&mut opened, manifest)).await;
    let wanted = match facts {
        Ok(()) => gathered(&mut *opened, note, copy).await,
        Err(error) => Err(error),
    };
    opened.close().await;
    failpoint!("restore.loaded", EngineError::fault);
    wanted
}

/// What is beside the copy's tables. A snapshot from before the first run gets our tables: the lock's stays in the
/// database, and is read together with the others.
async fn gathered(copy: &mut dyn Session, note: Option<&Note>, name: &str) -> Result<Belongings, EngineError> {
    if note.is_some_and(|note| note.epoch.is_some()) && !bookkeeping::present(copy, &WORDS).await? {
        bookkeeping::ensure(copy, &WORDS, DdlScope::Statement).await?;
    }
    Belongings::gather(copy, name).await
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
                beside::remove(session, name).await?;
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
        let id = beside::id();
        Self { copy: beside::name(live, beside::RESTORE, &id), kept: beside::name(live, beside::KEPT, &id) }
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

async fn asked_name(session: &mut dyn Session) -> Result<String, EngineError> {
    let rows = session.query("SELECT DATABASE()", &[]).await?;
    let name = rows.first().map_or(Ok(None), |row| row.text(0))?;
    Ok(name.unwrap_or_default().to_owned())
}

async fn compared(copy: &mut MariaSession, manifest: &Manifest) -> Result<(), EngineError> {
    let fingerprint = copy.schema(None).await?.fingerprint();
    match manifest.difference(&fingerprint, &copy.digests().await?) {
        Some(difference) => Err(EngineError::Differs { difference }),
        None => Ok(()),
    }
}

fn must_be(schema: &Schema, expected: &str) -> Result<(), EngineError> {
    let found = schema.fingerprint();
    if found == expected { Ok(()) } else { Err(differs(&format!("the schema is {found}, not {expected}"))) }
}

fn differs(difference: &str) -> EngineError {
    EngineError::Differs { difference: difference.to_owned() }
}
