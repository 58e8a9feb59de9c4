//! The epoch and the status row: the second and third layer of the lock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    engine::{EngineError, Row, Session, Words},
    model::status::Holder,
};

/// What the status row keeps of a holder.
#[derive(Serialize, Deserialize)]
struct Told {
    host: String,
    process: u32,
    job: String,
}

/// Raises the epoch and writes who holds the lock; gives the epoch that fences this run's writes.
///
/// # Errors
/// [`EngineError::Fenced`] when somebody else raised it at the same moment, which only happens without the session lock.
pub async fn raise_epoch(
    session: &mut dyn Session,
    words: &Words,
    present: bool,
    holder: &Holder,
) -> Result<i64, EngineError> {
    let rows =
        if present { session.query("SELECT epoch FROM windlass_lock WHERE id = 1", &[]).await? } else { Vec::new() };
    let before = rows.first().map_or(Ok(None), |row| row.int(0))?.unwrap_or(0);
    let told = Told { host: holder.host.clone(), process: holder.process, job: holder.job.clone() };
    let told = serde_json::to_string(&told).unwrap_or_default();
    let clock = words.clock;
    let raised = session
        .write(
            &format!(
                "UPDATE windlass_lock SET epoch = epoch + 1, holder = ?, since = {clock}, heartbeat = {clock} \
                 WHERE id = 1 AND epoch = {before}"
            ),
            &[told.into()],
        )
        .await?;
    if raised == 1 { Ok(before + 1) } else { Err(EngineError::Fenced { ours: before + 1 }) }
}

/// Takes the holder out of the status row. The lock itself goes with the session.
///
/// # Errors
/// The server's.
pub async fn clear_holder(session: &mut dyn Session, epoch: i64) -> Result<(), EngineError> {
    session.write(&format!("UPDATE windlass_lock SET holder = NULL WHERE id = 1 AND epoch = {epoch}"), &[]).await?;
    Ok(())
}

/// Who the status row says holds the lock; meaningful only while it is held. Our tables must be there.
///
/// # Errors
/// The server's.
pub async fn holder(session: &mut dyn Session, words: &Words) -> Result<Option<Holder>, EngineError> {
    let (before, after) = words.epoch_ms;
    let sql = format!(
        "SELECT holder, {before}since{after}, {before}heartbeat{after} FROM windlass_lock WHERE id = 1 AND holder IS NOT NULL"
    );
    let rows = session.query(&sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let Some(told) = row.text(0)?.and_then(|json| serde_json::from_str::<Told>(json).ok()) else { return Ok(None) };
    Ok(Some(Holder {
        host: told.host,
        process: told.process,
        job: told.job,
        since: moment(row, 1)?,
        heartbeat: moment(row, 2)?,
    }))
}

/// A statement that fails, and with it the transaction it stands in, when the epoch is no longer ours; it also beats the heart.
/// On an engine whose rows lock, it holds the row until the transaction ends.
#[must_use]
pub fn fence(words: &Words, epoch: i64) -> String {
    if ablated!("fence") {
        return "UPDATE windlass_lock SET heartbeat = heartbeat WHERE id = 1".to_owned();
    }
    format!(
        "UPDATE windlass_lock SET epoch = CASE WHEN epoch = {epoch} THEN {epoch} END, heartbeat = {clock} WHERE id = 1",
        clock = words.clock
    )
}

/// The time in a column of milliseconds since 1970.
pub(super) fn moment(row: &Row, column: usize) -> Result<Option<DateTime<Utc>>, EngineError> {
    Ok(row.int(column)?.and_then(DateTime::from_timestamp_millis))
}
