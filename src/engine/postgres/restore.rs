//! The database in again: beside, compared, then swapped.
//!
//! The live database is untouched until a full copy stands beside it and agrees with its manifest. Then the two change
//! names in one transaction, and the old one is dropped.
//!
//! The lock belongs to a database, and a database cannot be renamed while the lock's session is in it. Until nobody else is
//! in the database, nor can come in, the session holds it, and proves then that lock and epoch are still the run's ([`swap`]).
//! A lock that stands for it is held on the maintenance database meanwhile and until a new session has the lock on the new
//! database; nobody asks for that one but another restore. The epoch is written into the copy before it becomes the live one.
//! Whoever comes in first afterwards may hold the lock on the new database; it is then waited for, and if that takes too long
//! the restore fails with the new database in place.

use std::{path::Path, time::Duration};

use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use super::{
    address::Address,
    beside,
    connect::{self, Purpose, bounded},
    copy, lock as session_lock, swap,
    tables::WORDS,
};
use crate::{
    engine::{
        DdlScope, DumpSource, EngineError, RestoreError, Session,
        bookkeeping::{self, lock},
    },
    model::snapshot::Manifest,
};

/// How long we try to have the lock again.
const LOCK_WAIT_MS_MAX: u64 = 30_000;

/// And how often.
const LOCK_POLL_MS: u64 = 50;

/// The names of the two databases beside the live one.
struct Names {
    copy: String,
    old: String,
}

impl Names {
    /// Names of their own.
    fn beside(live: &str) -> Self {
        let id = beside::id();
        Self { copy: beside::name(live, beside::RESTORE, &id), old: beside::name(live, beside::OLD, &id) }
    }
}

/// Puts a dump in the place of the database.
pub(super) async fn run(
    address: &Address,
    session: Box<dyn Session>,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    epoch: Option<i64>,
) -> Result<Box<dyn Session>, RestoreError> {
    let names = Names::beside(&address.database);
    let mut maintenance = match swap::maintenance(address).await {
        Ok(maintenance) => maintenance,
        Err(error) => return Err(RestoreError { session: Some(session), error }),
    };
    let major = session.server().number.0;
    let prepared = prepare(address, &mut maintenance, &names, scratch, source, manifest, major).await;
    let restored = match prepared {
        Ok(()) => exchange(address, &mut maintenance, &names, session, epoch).await,
        Err(error) => Err(RestoreError { session: Some(session), error }),
    };
    let left = if restored.is_ok() { &names.old } else { &names.copy };
    beside::tidy(address, maintenance, left).await;
    restored
}

/// Makes the copy, and finds it good.
async fn prepare(
    address: &Address,
    maintenance: &mut PgConnection,
    names: &Names,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    major: u32,
) -> Result<(), EngineError> {
    if !bounded(session_lock::try_take_beside(maintenance, &address.database)).await? {
        let message = "another restore of this database is under way".to_owned();
        return Err(EngineError::Refused { code: "55P03".to_owned(), message });
    }
    beside::sweep(maintenance, &address.database).await?;
    for name in [&names.copy, &names.old] {
        beside::claim(maintenance, name).await?;
    }
    copy::make(address, maintenance, &names.copy, scratch, source, manifest, major).await
}

/// Swaps the two, and gives a session that holds the lock on what is live then.
async fn exchange(
    address: &Address,
    maintenance: &mut PgConnection,
    names: &Names,
    session: Box<dyn Session>,
    epoch: Option<i64>,
) -> Result<Box<dyn Session>, RestoreError> {
    failpoint!("restore.loaded");
    if let Some(epoch) = epoch
        && let Err(error) = carry(&address.within(&names.copy), epoch).await
    {
        return Err(RestoreError { session: Some(session), error });
    }
    failpoint!("restore.carried");
    let swapped = swap::names(address, maintenance, &names.copy, &names.old, (session, epoch)).await;
    failpoint!("restore.renamed");
    match swapped {
        Ok(()) => locked(address).await.map_err(|error| RestoreError { session: None, error }),
        Err((Some(session), error)) => Err(RestoreError { session: Some(session), error }),
        Err((None, error)) => Err(again(address, epoch, error).await),
    }
}

/// Writes the run's epoch into the copy: a database must not come back with one that has passed, and with it the right to
/// write of a run that had lost it. A snapshot from before the first run gets our tables for that.
async fn carry(copy: &Address, epoch: i64) -> Result<(), EngineError> {
    let mut session = connect::open(copy, Purpose::Work).await?;
    let carried = async {
        if !bookkeeping::present(&mut session, &WORDS).await? {
            bookkeeping::ensure(&mut session, &WORDS, DdlScope::Transaction).await?;
        }
        lock::carry(&mut session, epoch).await
    };
    let carried = carried.await;
    Box::new(session).close().await;
    carried
}

/// After a swap that did not come about and cost us the session: another one with the lock, if the epoch is still ours.
async fn again(address: &Address, epoch: Option<i64>, error: EngineError) -> RestoreError {
    let Ok(mut session) = locked(address).await else { return RestoreError { session: None, error } };
    let ours = match epoch {
        Some(epoch) => lock::must_be_ours(session.as_mut(), epoch).await,
        None => Ok(()),
    };
    match ours {
        Ok(()) => RestoreError { session: Some(session), error },
        Err(overtaken) => {
            session.close().await;
            RestoreError { session: None, error: overtaken }
        }
    }
}

/// Opens a session and takes the lock, within a bound.
async fn locked(address: &Address) -> Result<Box<dyn Session>, EngineError> {
    let limit = Duration::from_millis(LOCK_WAIT_MS_MAX);
    let begun = Instant::now();
    let mut session: Box<dyn Session> = Box::new(connect::open(address, Purpose::Work).await?);
    while !session.try_lock().await? {
        if begun.elapsed() >= limit {
            session.close().await;
            return Err(EngineError::TimedOut(limit));
        }
        sleep(Duration::from_millis(LOCK_POLL_MS)).await;
    }
    Ok(session)
}
