//! A change of many rows, made in batches.
//!
//! A batch is one transaction: the fence, the statement over one range of keys, and the row that says how far it has come.
//! So the truth is exact whenever it is read: after an error, by the next run after a crash, by anybody who asks.

mod batch;
mod batches;
mod health;
mod key;
mod pace;
mod resume;
mod trouble;

pub use self::key::keys;
pub(super) use self::resume::may_go_on;

use self::batches::Batches;
use super::{
    Assignment, Held, Target,
    apply::{self, Change, Failed, Left, fenced},
    queue,
};
use crate::{
    engine::{
        Limits,
        bookkeeping::{self, journal::Place, lock},
    },
    model::{backfill::Backfill, migration::Migration},
};

/// How long a batch waits for somebody else's lock, if its migration does not say less.
const LOCK_MS_MAX: u64 = 500;

/// Goes on with a migration whose own statements are done: its backfill, to the end, and then the record.
///
/// # Errors
/// [`Failed`], after the truth was read again.
pub(super) async fn complete(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
    backfill: &Backfill,
) -> Result<(), Failed> {
    let mut rows_done = 0;
    if held.is_recording() {
        // Nothing is there yet for it to cut.
        let session = held.session().map_err(Failed::before)?;
        session.execute(&backfill.sql).await.map_err(|failed| Failed::before(failed.error))?;
    } else {
        begin(target, held, change, backfill).await?;
        rows_done = Batches::prepare(target, told, held, change, backfill).await?.run().await?;
        let recording = held.limit(queue::limits(target, Some(change.migration))).await;
        recording.map_err(|error| Failed { statement: None, error, left: Left::Backfill { rows_done } })?;
    }
    let recorded = apply::finish(target, told, held, &Change { backfill: None, ..change.clone() }).await;
    recorded.map_err(|error| Failed { statement: None, error, left: Left::Backfill { rows_done } })
}

/// Writes that the migration's statements are done and its backfill begins, unless that is written.
async fn begin(target: &Target, held: &mut Held, change: &Change<'_>, backfill: &Backfill) -> Result<(), Failed> {
    let done = u32::try_from(change.statements().len()).unwrap_or(u32::MAX);
    let stopped = |error| Failed { statement: None, error, left: Left::InFlight { done } };
    let (words, epoch) = (target.engine.words(), held.epoch);
    let session = held.session().map_err(stopped)?;
    if bookkeeping::backfill::has_begun(session, change.run, change.seq).await.map_err(stopped)? {
        return Ok(());
    }
    let fence = lock::fence(words, epoch);
    let [journal, row] = bookkeeping::backfill::begin(words, place(change), epoch, backfill);
    let begun = session.batch(&[&fence, &journal, &row]).await;
    begun.map_err(|failed| stopped(fenced(failed, epoch)))
}

/// What the server limits for a batch: it holds rows while it waits for others, so it does not wait for long.
fn limits(target: &Target, migration: &Migration) -> Limits {
    let limits = queue::limits(target, Some(migration));
    let lock_timeout_ms = limits.lock_timeout_ms.filter(|&limit| limit > 0);
    Limits { lock_timeout_ms: Some(lock_timeout_ms.unwrap_or(LOCK_MS_MAX).min(LOCK_MS_MAX)), ..limits }
}

/// The backfill's place in the journal, behind the statements.
pub(super) fn place(change: &Change<'_>) -> Place {
    let statements = u32::try_from(change.statements().len()).unwrap_or(u32::MAX);
    Place { run: change.run, seq: change.seq, statement: statements.saturating_add(1) }
}
