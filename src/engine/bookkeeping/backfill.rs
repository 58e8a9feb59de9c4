//! `windlass_backfill`: how far the backfill of a migration in flight has come.
//!
//! Each batch moves its row on in the transaction that changes the rows, so that what it says is exact. The journal has a
//! row for the backfill as well, behind the migration's statements: it says that they are done.

use ulid::Ulid;

use super::{
    journal::{self, InFlight, Place},
    lock,
};
use crate::{
    engine::{EngineError, Row, Session, Words, ranges::Position},
    model::{backfill::Backfill, history::Backfilled},
};

/// How far a backfill has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The table that it cuts.
    pub table: String,
    /// The columns of the key; empty for the primary key.
    pub key: Vec<String>,
    /// Behind which key it goes on; `None` before the first batch.
    pub after: Option<Position>,
    /// Rows that are done.
    pub rows_done: u64,
    /// Rows in all, as they were counted or estimated; 0 before that.
    pub rows_total: u64,
    /// How many rows the next batch has; 0 before the first.
    pub batch_rows: u64,
}

/// The statements that say that a migration's own statements are done and its backfill begins; for the transaction of
/// whatever came last. `place` is the backfill's, behind all statements.
#[must_use]
pub fn begin(words: &Words, place: Place, epoch: i64, backfill: &Backfill) -> [String; 2] {
    let Place { run, seq, statement } = place;
    let state = journal::BACKFILL;
    let (table, key) = (words.text(&backfill.table), words.text(&json(&backfill.key)));
    [
        format!(
            "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, epoch) \
             SELECT run_id, seq, {statement}, direction, '{state}', name, number, version, {epoch} FROM windlass_journal \
             WHERE run_id = '{run}' AND seq = {seq} AND statement = 0"
        ),
        format!(
            "INSERT INTO windlass_backfill (run_id, seq, table_name, key_columns, rows_done, rows_total, batch_rows, epoch) \
             VALUES ('{run}', {seq}, {table}, {key}, 0, 0, 0, {epoch})"
        ),
    ]
}

/// Whether a migration's backfill has begun, which is when its statements are done.
///
/// # Errors
/// The server's.
pub async fn has_begun(session: &mut dyn Session, run: Ulid, seq: u32) -> Result<bool, EngineError> {
    Ok(standing(session, run, seq).await?.is_some())
}

/// How far the backfill of a migration has come; `None` when it has not begun.
///
/// # Errors
/// The server's.
pub async fn standing(session: &mut dyn Session, run: Ulid, seq: u32) -> Result<Option<Standing>, EngineError> {
    let sql = format!(
        "SELECT table_name, key_columns, after_key, rows_done, rows_total, batch_rows FROM windlass_backfill \
         WHERE run_id = '{run}' AND seq = {seq}"
    );
    session.query(&sql, &[]).await?.first().map(read).transpose()
}

fn read(row: &Row) -> Result<Standing, EngineError> {
    let number = |column| Ok(row.int(column)?.and_then(|number| u64::try_from(number).ok()).unwrap_or_default());
    let list = |column| {
        let text = row.text(column)?;
        let shape = |_| EngineError::Shape { column, expected: "a list of texts", found: format!("{text:?}") };
        text.map(|text| serde_json::from_str(text).map_err(shape)).transpose()
    };
    Ok(Standing {
        table: row.text(0)?.unwrap_or_default().to_owned(),
        key: list(1)?.unwrap_or_default(),
        after: list(2)?,
        rows_done: number(3)?,
        rows_total: number(4)?,
        batch_rows: number(5)?,
    })
}

/// What a reader is told of the backfill of a migration in flight.
///
/// # Errors
/// The server's.
pub(super) async fn summary(session: &mut dyn Session, found: &InFlight) -> Result<Option<Backfilled>, EngineError> {
    if !found.is_backfill {
        return Ok(None);
    }
    let standing = standing(session, found.run, found.seq).await?;
    Ok(standing.map(|Standing { table, rows_done, rows_total, .. }| Backfilled { table, rows_done, rows_total }))
}

/// Begins it anew, over this table and key; for one that has not done a batch.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over.
pub async fn set_out(
    session: &mut dyn Session,
    words: &Words,
    place: Place,
    backfill: &Backfill,
    rows_total: u64,
    epoch: i64,
) -> Result<(), EngineError> {
    let Place { run, seq, .. } = place;
    let (table, key) = (words.text(&backfill.table), words.text(&json(&backfill.key)));
    let sql = format!(
        "UPDATE windlass_backfill SET table_name = {table}, key_columns = {key}, rows_total = {rows_total} \
         WHERE run_id = '{run}' AND seq = {seq} AND after_key IS NULL AND {}",
        lock::is_ours(epoch)
    );
    lock::write_fenced(session, epoch, &sql, &[]).await
}

/// The statement that moves it on behind a batch; for the transaction of that batch.
#[must_use]
pub fn advance(words: &Words, place: Place, epoch: i64, after: &Position, rows: u64, batch_rows: u64) -> String {
    let Place { run, seq, .. } = place;
    let (after, clock) = (words.text(&json(after)), words.clock);
    format!(
        "UPDATE windlass_backfill SET after_key = {after}, rows_done = rows_done + {rows}, batch_rows = {batch_rows}, \
         epoch = {epoch}, at = {clock} WHERE run_id = '{run}' AND seq = {seq}"
    )
}

/// The statement that drops its row, for the transaction that records the migration.
#[must_use]
pub fn forget(run: Ulid, seq: u32) -> String {
    format!("DELETE FROM windlass_backfill WHERE run_id = '{run}' AND seq = {seq}")
}

/// A list of texts cannot fail to be written.
fn json(list: &[String]) -> String {
    serde_json::to_string(list).unwrap_or_default()
}
