//! `schema_version` and `migration_history`: what was applied.

use semver::Version;
use ulid::Ulid;

use super::{backfill, journal, lock::moment, restoring, tables};
use crate::{
    engine::{EngineError, Row, Session, Words},
    model::history::{Applied, History, Unfinished},
};

/// What the target says of itself; an empty history when our tables are not there.
///
/// # Errors
/// As [`recorded`].
pub async fn read(session: &mut dyn Session, words: &Words) -> Result<History, EngineError> {
    match recorded(session, words).await? {
        Some(history) => Ok(history),
        None => unrecorded(session, words).await,
    }
}

/// What is to be said of a target without our tables.
///
/// # Errors
/// The server's.
pub async fn unrecorded(session: &mut dyn Session, words: &Words) -> Result<History, EngineError> {
    Ok(History { has_foreign_tables: has_foreign_tables(session, words).await?, ..History::default() })
}

/// What our tables in the target say; `None` when they are not there.
///
/// # Errors
/// The server's, or a row that no reader of these tables would have written; [`EngineError::Unsupported`] when a newer
/// windlass laid them out.
pub async fn recorded(session: &mut dyn Session, words: &Words) -> Result<Option<History>, EngineError> {
    if !tables::exist(session, words).await? {
        return Ok(None);
    }
    let in_flight = journal::NEWEST_IN_FLIGHT;
    let sql = format!(
        "SELECT l.layout, v.version, v.migration_number, r.holder, j.* FROM windlass_lock l \
         LEFT JOIN windlass_lock r ON r.id = 3 \
         LEFT JOIN (SELECT version, migration_number FROM schema_version ORDER BY id DESC LIMIT 1) v ON 1 = 1 \
         LEFT JOIN ({in_flight}) j ON 1 = 1 WHERE l.id = 1"
    );
    let rows = session.query(&sql, &[]).await?;
    // Without its row the lock's table is not finished yet, and nothing was ever applied.
    let Some(head) = rows.first() else { return Ok(None) };
    let layout = head.int(0)?;
    tables::must_be_known(layout)?;
    let version = match head.int(2)? {
        None | Some(0) => None, // nothing yet, or everything was rolled back
        Some(_) => head.text(1)?.map(version_of).transpose()?,
    };
    let restoring = restoring::of(head, 3)?.and_then(|restoring| restoring.summary());
    let unfinished = match journal::in_flight(head, 4)? {
        // Whose journal this is, the restore's end decides.
        _ if restoring.is_some() => restoring,
        Some(found) => Some(Unfinished { backfill: backfill::summary(session, &found).await?, ..found.summary() }),
        None => None,
    };
    let applied = applied(session, words).await?;
    // What a first migration has made before it was interrupted is no stranger's.
    let is_blank = applied.is_empty() && head.int(2)?.is_none() && unfinished.is_none();
    let has_foreign_tables = is_blank && has_foreign_tables(session, words).await?;
    let is_outdated = layout < Some(tables::LAYOUT);
    Ok(Some(History { version, applied, has_foreign_tables, unfinished, is_outdated, ..History::default() }))
}

async fn applied(session: &mut dyn Session, words: &Words) -> Result<Vec<Applied>, EngineError> {
    let (before, after) = words.epoch_ms;
    let columns = format!(
        "migration_number, version, name, description, {before}applied_at{after}, applied_by, execution_time_ms, success, \
         error_message, rollback_available, checksum, run_id"
    );
    session.every_row(&columns, "migration_history", "migration_number").await?.iter().map(row_of).collect()
}

async fn has_foreign_tables(session: &mut dyn Session, words: &Words) -> Result<bool, EngineError> {
    let rows = session.query(words.count_foreign_tables, &[]).await?;
    Ok(rows.first().map_or(Ok(None), |row| row.int(0))?.unwrap_or(0) > 0)
}

fn version_of(text: &str) -> Result<Version, EngineError> {
    Version::parse(text).map_err(|_| EngineError::Shape {
        column: 0,
        expected: "a semantic version",
        found: format!("{text:?}"),
    })
}

fn row_of(row: &Row) -> Result<Applied, EngineError> {
    let owned = |column| row.text(column).map(|text| text.map(str::to_owned));
    Ok(Applied {
        number: row.int(0)?.unwrap_or_default(),
        version: version_of(row.text(1)?.unwrap_or_default())?,
        name: owned(2)?,
        description: owned(3)?.unwrap_or_default(),
        applied_at: moment(row, 4)?.unwrap_or_default(),
        applied_by: owned(5)?,
        execution_time_ms: row.int(6)?,
        success: row.int(7)?.unwrap_or(1) != 0,
        error_message: owned(8)?,
        rollback_available: row.int(9)?.unwrap_or(1) != 0,
        checksum: row.text(10)?.and_then(|text| text.parse().ok()),
        run_id: owned(11)?,
    })
}

/// Whether a run's migration is recorded: the truth that is read after any error.
///
/// # Errors
/// The server's.
pub async fn is_recorded(session: &mut dyn Session, run: Ulid, number: i64) -> Result<bool, EngineError> {
    let rows = session
        .query(
            "SELECT COUNT(*) FROM migration_history WHERE migration_number = ? AND run_id = ?",
            &[number.into(), run.to_string().into()],
        )
        .await?;
    Ok(rows.first().map_or(Ok(None), |row| row.int(0))?.unwrap_or(0) > 0)
}

/// Whether any history row has this number.
///
/// # Errors
/// The server's.
pub async fn has_number(session: &mut dyn Session, number: i64) -> Result<bool, EngineError> {
    let rows =
        session.query("SELECT COUNT(*) FROM migration_history WHERE migration_number = ?", &[number.into()]).await?;
    Ok(rows.first().map_or(Ok(None), |row| row.int(0))?.unwrap_or(0) > 0)
}

/// The statements that record a migration as applied, from its planned row in the journal. Nothing but integers and a ULID is in their text.
#[must_use]
pub fn record_applied(words: &Words, run: Ulid, seq: u32) -> [String; 2] {
    let from = format!("FROM windlass_journal WHERE run_id = '{run}' AND seq = {seq} AND statement = 0");
    [
        format!(
            "INSERT INTO migration_history (migration_number, version, description, applied_by, execution_time_ms, \
             success, rollback_available, name, checksum, run_id) SELECT number, version, description, applied_by, \
             {elapsed}, TRUE, rollback_available, name, checksum, run_id {from}",
            elapsed = words.elapsed_ms
        ),
        record_version(words, &from),
    ]
}

/// The statements that record a migration as taken back: its history row goes, the version before it comes.
#[must_use]
pub fn record_undone(words: &Words, run: Ulid, seq: u32, number: i64) -> [String; 2] {
    let from = format!("FROM windlass_journal WHERE run_id = '{run}' AND seq = {seq} AND statement = 0");
    [format!("DELETE FROM migration_history WHERE migration_number = {number}"), record_version(words, &from)]
}

fn record_version(words: &Words, from: &str) -> String {
    format!(
        "INSERT INTO schema_version (version, migration_number, backend_version, description, checksum, name, run_id) \
         SELECT version, number, backend_version, description, bytes_sha256, name, run_id {from}{calling}",
        calling = words.calling
    )
}

/// The statements that record the failure of a migration that is not critical, from its planned row.
#[must_use]
pub fn record_failed(words: &Words, run: Ulid, seq: u32, error: &str) -> [String; 2] {
    let from = format!("FROM windlass_journal WHERE run_id = '{run}' AND seq = {seq} AND statement = 0");
    [
        format!(
            "INSERT INTO migration_history (migration_number, version, description, applied_by, execution_time_ms, success, \
             rollback_available, name, checksum, run_id, error_message) SELECT number, version, description, applied_by, \
             {elapsed}, FALSE, FALSE, name, checksum, run_id, {error} {from}",
            elapsed = words.elapsed_ms,
            error = words.text(error)
        ),
        record_version(words, &from),
    ]
}

/// The newest row of `schema_version`: its version, and the number of the migration that made it.
///
/// # Errors
/// The server's.
pub async fn newest_version(session: &mut dyn Session) -> Result<Option<(Version, i64)>, EngineError> {
    let rows =
        session.query("SELECT version, migration_number FROM schema_version ORDER BY id DESC LIMIT 1", &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let version = version_of(row.text(0)?.unwrap_or_default())?;
    Ok(Some((version, row.int(1)?.unwrap_or_default())))
}
