//! How much is in the tables: counted when it must be exact, guessed when it may be.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::{
    rows::{self, int, text},
    tables,
};
use crate::model::schema::{Schema, Table};

/// Up to this many pages (64 MiB of 4 KiB each) the pages of each table are added up; that reads every one of them.
const MEASURED_PAGES_MAX: i64 = 16_384;

/// A table without rowids is counted up to here for an estimate.
const COUNTED_ROWS_MAX: i64 = 100_000;

/// A row takes at least this many bytes of a page (SQLite manual, "Database File Format", section 1.6: a cell and its pointer).
const ROW_BYTES_MIN: i64 = 4;

/// Rows of each table of the application, counted; virtual tables keep their rows in other tables and are left out.
///
/// # Errors
/// The driver's.
pub(super) async fn count_rows(connection: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let query = format!("SELECT name FROM sqlite_schema WHERE {} AND sql NOT LIKE 'CREATE VIRTUAL%'", tables::FOREIGN);
    let mut counts = BTreeMap::new();
    for row in rows::ask(connection, &query, &[]).await? {
        let name = text(&row, 0);
        let count = rows::number(connection, &format!("SELECT count(*) FROM {}", quoted(&name))).await?;
        counts.insert(name, unsigned(count));
    }
    Ok(counts)
}

/// Sets rows and bytes of each table, without reading a large database.
///
/// # Errors
/// The driver's.
pub(super) async fn estimate(connection: &mut SqliteConnection, schema: &mut Schema) -> Result<(), sqlx::Error> {
    let pages = rows::number(connection, "PRAGMA page_count").await?;
    let bytes = pages.saturating_mul(rows::number(connection, "PRAGMA page_size").await?);
    let analyzed = analyzed_rows(connection).await?;
    for (name, table) in schema.tables.iter_mut().filter(|(_, table)| !table.columns.is_empty()) {
        table.rows_estimate = match analyzed.get(name) {
            Some(rows) => *rows,
            None => unsigned(guess_rows(connection, name, table, bytes).await),
        };
        table.is_empty = table.rows_estimate == 0;
    }
    // The table of pages is an option of the build (SQLite manual, "The DBSTAT Virtual Table").
    let measured = if pages <= MEASURED_PAGES_MAX { measured_bytes(connection).await.ok() } else { None };
    match measured {
        Some(measured) => {
            for (name, table) in &mut schema.tables {
                table.size_bytes = measured.get(name).copied().unwrap_or_default();
            }
        }
        None => share_bytes(schema, unsigned(bytes)),
    }
    Ok(())
}

/// What the last ANALYZE counted: the first number of `stat` (SQLite manual, "Database File Format", section 2.6.3).
async fn analyzed_rows(connection: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    if rows::number(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'").await? == 0 {
        return Ok(BTreeMap::new());
    }
    let query = "SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl";
    Ok(rows::ask(connection, query, &[]).await?.iter().map(|row| (text(row, 0), unsigned(int(row, 1)))).collect())
}

/// A guess that reads a page or two: the span of the row numbers, which the size of the file bounds.
async fn guess_rows(connection: &mut SqliteConnection, name: &str, table: &Table, bytes: i64) -> i64 {
    let table_name = quoted(name);
    let query = if table.options.contains("without rowid") {
        format!("SELECT count(*) FROM (SELECT 1 FROM {table_name} LIMIT {COUNTED_ROWS_MAX})")
    } else {
        format!("SELECT (SELECT max(_rowid_) FROM {table_name}) - (SELECT min(_rowid_) FROM {table_name}) + 1")
    };
    // A column may be called `_rowid_` and hold anything; then nothing is known.
    rows::number(connection, &query).await.unwrap_or_default().clamp(0, bytes / ROW_BYTES_MIN)
}

async fn measured_bytes(connection: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let query = "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name \
                 WHERE d.aggregate = TRUE GROUP BY s.tbl_name";
    Ok(rows::ask(connection, query, &[]).await?.iter().map(|row| (text(row, 0), unsigned(int(row, 1)))).collect())
}

/// Shares the file out by rows.
fn share_bytes(schema: &mut Schema, bytes: u64) {
    let rows: u64 = schema.tables.values().map(|table| table.rows_estimate).sum();
    for table in schema.tables.values_mut() {
        let share = u128::from(bytes) * u128::from(table.rows_estimate) / u128::from(rows.max(1));
        table.size_bytes = u64::try_from(share).unwrap_or(bytes);
    }
}

/// A name as SQLite quotes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
