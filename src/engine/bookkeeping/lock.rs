//! The epoch and the status row: the second and third layer of the lock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::tables::LAYOUT;
use crate::{
    engine::{Beat, EngineError, Row, Session, Value, Words},
    model::status::Holder,
};

/// What the status row keeps of a holder.
#[derive(Serialize, Deserialize)]
struct Told {
    host: String,
    process: u32,
    job: String,
    /// The session that took the lock; a name without it, or with another's, is that of somebody who is gone.
    #[serde(default)]
    session: String,
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
    let told = Told {
        host: holder.host.clone(),
        process: holder.process,
        job: holder.job.clone(),
        session: session.connection_id().to_owned(),
    };
    let told = serde_json::to_string(&told).unwrap_or_default();
    let clock = words.clock;
    let raised = session
        .write(
            &format!(
                "UPDATE windlass_lock SET epoch = epoch + 1, holder = ?, since = {clock}, heartbeat = {clock} \
                 WHERE id = 1 AND epoch = {before}{calling}",
                calling = words.calling
            ),
            &[told.into()],
        )
        .await?;
    if raised == 1 { Ok(before + 1) } else { Err(EngineError::Fenced { ours: before + 1 }) }
}

/// Raises the epoch for nobody, so that a run whose lock was taken away writes nothing any more. Call it under the lock; our
/// tables must be there.
///
/// # Errors
/// The server's.
pub async fn overtake(session: &mut dyn Session) -> Result<(), EngineError> {
    session.write("UPDATE windlass_lock SET epoch = epoch + 1, holder = NULL WHERE id = 1", &[]).await.map(drop)
}

/// Whether the epoch is still ours.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has been here.
pub async fn must_be_ours(session: &mut dyn Session, epoch: i64) -> Result<(), EngineError> {
    let rows = session.query("SELECT epoch FROM windlass_lock WHERE id = 1", &[]).await?;
    let now = rows.first().map_or(Ok(None), |row| row.int(0))?;
    if now == Some(epoch) { Ok(()) } else { Err(EngineError::Fenced { ours: epoch }) }
}

/// Writes the run's epoch into a copy that takes the database's place, unless it has a higher one; nobody holds its lock yet,
/// and no restore of it is under way.
///
/// # Errors
/// The server's.
pub async fn carry(copy: &mut dyn Session, epoch: i64) -> Result<(), EngineError> {
    copy.write("DELETE FROM windlass_lock WHERE id <> 1", &[]).await?;
    let sql = format!(
        "UPDATE windlass_lock SET epoch = CASE WHEN epoch < {epoch} THEN {epoch} ELSE epoch END, holder = NULL WHERE id = 1"
    );
    copy.write(&sql, &[]).await.map(drop)
}

/// Beats the heart of the run of this epoch, from beside its session, with what it is doing. This is a row of its own, for
/// the other may be locked as long as a transaction lasts; it counts only while its epoch is the lock's.
///
/// # Errors
/// The server's.
pub async fn beat(session: &mut dyn Session, words: &Words, epoch: i64, doing: &str) -> Result<(), EngineError> {
    let clock = words.clock;
    let doing: Value = doing.into();
    let sql = format!(
        "UPDATE windlass_lock SET epoch = {epoch}, holder = ?, heartbeat = {clock} WHERE id = 2 AND epoch <= {epoch}"
    );
    if session.write(&sql, std::slice::from_ref(&doing)).await? == 0 {
        // Nothing is read from the other row: to read it for a write would wait for its lock.
        let sql = format!(
            "INSERT INTO windlass_lock (id, layout, epoch, holder, heartbeat) VALUES (2, {LAYOUT}, {epoch}, ?, {clock})"
        );
        session.write(&sql, &[doing]).await?;
    }
    Ok(())
}

/// Takes the holder out of the status row. The lock itself goes with the session.
///
/// # Errors
/// The server's.
pub async fn clear_holder(session: &mut dyn Session, epoch: i64) -> Result<(), EngineError> {
    session.write(&format!("UPDATE windlass_lock SET holder = NULL WHERE id = 1 AND epoch = {epoch}"), &[]).await?;
    Ok(())
}

/// Who holds the lock, as far as that is told; `None` when nobody does, or its run has not told yet. Our tables must be
/// there.
///
/// # Errors
/// The server's.
pub async fn holder(session: &mut dyn Session, words: &Words) -> Result<Option<Holder>, EngineError> {
    let Some(owner) = session.lock_owner().await? else { return Ok(None) };
    let (before, after) = words.epoch_ms;
    let elapsed = words.elapsed_ms;
    let beaten = elapsed.replace("WHERE id = 1", "WHERE id = 2");
    let sql = format!(
        "SELECT l.holder, {before}l.since{after}, {before}l.heartbeat{after}, l.epoch, {elapsed}, \
         b.holder, {before}b.heartbeat{after}, {beaten} \
         FROM windlass_lock l LEFT JOIN windlass_lock b ON b.id = 2 AND b.epoch = l.epoch \
         WHERE l.id = 1 AND l.holder IS NOT NULL"
    );
    let rows = session.query(&sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let Some(told) = row.text(0)?.and_then(|json| serde_json::from_str::<Told>(json).ok()) else { return Ok(None) };
    // A process numbers its sessions where a file's lock knows the process alone.
    let is_told_by = |name: &str| told.session == name || told.session.split('.').next() == Some(name);
    if owner.connection.parse::<u64>().is_ok() && !is_told_by(&owner.connection) {
        return Ok(None);
    }
    let epoch = row.int(3)?;
    let silent = |column| row.int(column).map(|ms| ms.and_then(|ms| u64::try_from(ms).ok()));
    let beside = match row.text(5)? {
        Some(doing) => Some(Beat { epoch: 0, doing: doing.to_owned(), silent_ms: silent(7)?.unwrap_or_default() }),
        None => owner.beat.filter(|beat| Some(beat.epoch) == epoch),
    };
    let beaten_ms = beside.as_ref().map(|beat| beat.silent_ms);
    Ok(Some(Holder {
        host: told.host,
        process: told.process,
        job: told.job,
        since: moment(row, 1)?,
        heartbeat: moment(row, 6)?.max(moment(row, 2)?),
        silent_ms: [silent(4)?, beaten_ms].into_iter().flatten().min(),
        doing: beside.map(|beat| beat.doing).filter(|doing| !doing.is_empty()),
        session: Some(owner.connection),
    }))
}

/// A statement that fails, and with it the transaction it stands in, when the epoch is no longer ours; it also beats the heart.
/// On an engine whose rows lock, it holds the row until the transaction ends.
#[must_use]
pub fn fence(words: &Words, epoch: i64) -> String {
    if ablated!("fence") {
        return "UPDATE windlass_lock SET heartbeat = heartbeat WHERE id = 0".to_owned();
    }
    format!(
        "UPDATE windlass_lock SET epoch = CASE WHEN epoch = {epoch} THEN {epoch} END, heartbeat = {clock} WHERE id = 1",
        clock = words.clock
    )
}

/// A condition that holds while the epoch is ours, for a write that is a transaction of its own.
pub(super) fn is_ours(epoch: i64) -> String {
    format!("EXISTS (SELECT 1 FROM windlass_lock WHERE id = 1 AND epoch = {epoch})")
}

/// The epoch as a value that cannot be had any more once it has moved: where the engine's integers overflow by an error
/// they do, and where they do not it is NULL.
pub(super) fn ours_or_nothing(epoch: i64) -> String {
    format!(
        "(SELECT CASE WHEN epoch = {epoch} THEN {epoch} WHEN {max} + epoch < 0 THEN 0 END FROM windlass_lock WHERE id = 1)",
        max = i64::MAX
    )
}

/// Gives the error of a write that fails when the epoch has moved its one meaning.
pub(super) async fn or_fenced(session: &mut dyn Session, epoch: i64, error: EngineError) -> EngineError {
    if !matches!(error, EngineError::Refused { .. }) {
        return error;
    }
    match must_be_ours(session, epoch).await {
        Err(fenced @ EngineError::Fenced { .. }) => fenced,
        _ => error,
    }
}

/// Writes under the condition [`is_ours`], which the text must hold; it always finds a row while that holds.
pub(super) async fn write_fenced(
    session: &mut dyn Session,
    epoch: i64,
    sql: &str,
    binds: &[Value],
) -> Result<(), EngineError> {
    if session.write(sql, binds).await? > 0 { Ok(()) } else { Err(EngineError::Fenced { ours: epoch }) }
}

/// The time in a column of milliseconds since 1970.
pub(super) fn moment(row: &Row, column: usize) -> Result<Option<DateTime<Utc>>, EngineError> {
    Ok(row.int(column)?.and_then(DateTime::from_timestamp_millis))
}
