//! Puts a native dump in the place of the database: loaded beside, compared, then swapped.
//!
//! The tables change places in one RENAME, which either happens or does not: of 159 kills of the server in the middle of
//! one none left a mixture. Views, routines, events and triggers cannot be renamed into another database (triggers:
//! error 1435), so they are written again after it. Whoever dies in between leaves whole tables of one side or the other;
//! running the restore again puts everything in its place, and what is left beside is named after the database
//! (`…__windlass_old_…`, `…__windlass_restore_…`) and is removed by the next restore that succeeds.
//!
//! `windlass_lock` stays where it is: its epoch only ever rises. Foreign keys follow their tables; those of tables in
//! *other* databases follow the old tables and are not handled here. Where the event scheduler is on, events of the copy
//! may fire in the copy while it is compared; what they change there shows as a difference, and the restore is refused.

mod belongings;
mod load;
mod swap;

use std::path::Path;

use self::{belongings::Belongings, swap::Swap};
use super::{
    address::Address,
    beside::{self, run},
    open::{self, Purpose},
    session::MariaSession,
};
use crate::{
    engine::{self, DumpSource, EngineError, RestoreError, Session},
    model::{schema::Schema, snapshot::Manifest},
};

/// Restores; `session` holds the lock before and after.
///
/// # Errors
/// The database is then as it was. When the session is gone too, [`EngineError::Lost`]: see above for what that leaves.
pub(super) async fn restore(
    address: &Address,
    mut session: Box<dyn Session>,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<Box<dyn Session>, RestoreError> {
    match restored(address, &mut *session, scratch, source, manifest).await {
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
) -> Result<(), EngineError> {
    let live = asked_name(session).await?;
    let places = Places::beside(&live);
    beside::sweep(session, &live, false).await?;
    for name in [&places.copy, &places.old] {
        beside::must_be_free(session, name).await?;
    }
    beside::create_like(session, &live, &places.copy).await?;
    let swapped = replaced(address, session, scratch, source, manifest, &live, &places).await;
    // After a failure the copy is of no use; what was there before is in its place again.
    if let Err(error) = beside::remove(session, &places.copy).await {
        tracing::warn!(database = %places.copy, %error, "the copy could not be removed; the next restore removes it");
    }
    for name in [&places.copy, &places.old] {
        if let Err(error) = beside::free(session, name).await {
            tracing::debug!(database = %name, %error, "the name could not be given back; it goes with the session");
        }
    }
    swapped?;
    failpoint!("restore.tidy");
    if let Err(error) = beside::sweep(session, &live, true).await {
        tracing::warn!(database = %places.old, %error, "the old tables could not be removed; the next restore removes them");
    }
    Ok(())
}

async fn replaced(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    live: &str,
    places: &Places,
) -> Result<(), EngineError> {
    let wanted = loaded(address, session, scratch, source, manifest, &places.copy).await?;
    failpoint!("restore.loaded", EngineError::fault);
    Swap::prepare(session, live, places, wanted).await?.run(session, &manifest.schema_fingerprint).await
}

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
    loaded(address, session, scratch, source, manifest, copy).await.map(drop)
}

/// Loads a dump into the copy, finds it good, and gives what belongs to it beside its tables.
async fn loaded(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    copy: &str,
) -> Result<Belongings, EngineError> {
    let beside = address.with_database(copy);
    let product = session.server().product;
    engine::awake(session, load::load(&beside, product, scratch, source)).await?;
    let mut opened = Box::new(open::open(&beside, Purpose::Read).await?);
    let compared = engine::awake(session, compared(&mut opened, manifest)).await;
    let wanted = match compared {
        Ok(()) => Belongings::gather(&mut *opened, copy).await,
        Err(error) => Err(error),
    };
    opened.close().await;
    wanted
}

/// The names beside the database that a restore uses.
struct Places {
    copy: String,
    old: String,
}

impl Places {
    fn beside(live: &str) -> Self {
        let id = beside::id();
        Self { copy: beside::name(live, beside::RESTORE, &id), old: beside::name(live, beside::OLD, &id) }
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
