//! Rows of our own tables and of the pragmas, as plain values.

use serde_json::Value as Json;
use sqlx::{
    AssertSqlSafe, Row as _, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::engine::{Row, Value};

/// Asks, and reads every row. Nothing is cached: a statement is prepared for this call alone.
///
/// # Errors
/// The driver's.
pub(super) async fn ask(
    connection: &mut SqliteConnection,
    sql: &str,
    binds: &[Value],
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = bound(sql, binds).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// These columns of every row of a table, in this order. The driver hands over one row after the other, each with a way from
/// its thread to this one, so that they come as one.
///
/// # Errors
/// The driver's.
pub(super) async fn every(
    connection: &mut SqliteConnection,
    columns: &str,
    table: &str,
    order: &str,
) -> Result<Vec<Row>, sqlx::Error> {
    let sql = format!("SELECT json_group_array(json_array({columns}) ORDER BY {order}) FROM {table}");
    let Value::Text(json) = one(connection, &sql).await? else { return Ok(Vec::new()) };
    let rows: Vec<Vec<Json>> = serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(rows.into_iter().map(|row| Row(row.into_iter().map(of_json).collect())).collect())
}

fn of_json(value: Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::String(text) => Value::Text(text),
        other => other.as_i64().map_or_else(|| Value::Text(other.to_string()), Value::Int),
    }
}

/// The first value of the first row; [`Value::Null`] when there is none.
///
/// # Errors
/// The driver's.
pub(super) async fn one(connection: &mut SqliteConnection, sql: &str) -> Result<Value, sqlx::Error> {
    let rows = ask(connection, sql, &[]).await?;
    Ok(rows.into_iter().next().and_then(|row| row.0.into_iter().next()).unwrap_or(Value::Null))
}

/// The first integer of the first row; 0 when there is none.
///
/// # Errors
/// The driver's.
pub(super) async fn number(connection: &mut SqliteConnection, sql: &str) -> Result<i64, sqlx::Error> {
    Ok(match one(connection, sql).await? {
        Value::Int(number) => number,
        _ => 0,
    })
}

/// The first value of a row as an integer; 0 when it is none.
pub(super) fn number_in(row: &SqliteRow) -> i64 {
    row.try_get_unchecked(0).unwrap_or_default()
}

/// Runs text as it is, and gives the number of rows it changed (SQLite's own count: that of the last INSERT, UPDATE or DELETE).
///
/// # Errors
/// The driver's.
pub(super) async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?.rows_affected())
}

/// Writes with bound values, and gives the number of rows.
///
/// # Errors
/// The driver's.
pub(super) async fn write(connection: &mut SqliteConnection, sql: &str, binds: &[Value]) -> Result<u64, sqlx::Error> {
    Ok(bound(sql, binds).execute(connection).await?.rows_affected())
}

fn bound<'q>(sql: &str, binds: &[Value]) -> sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments> {
    binds.iter().fold(sqlx::query(AssertSqlSafe(sql)).persistent(false), |query, value| match value {
        Value::Null => query.bind(None::<i64>),
        Value::Int(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
        Value::Bool(truth) => query.bind(*truth),
    })
}

fn read(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    (0..row.len()).map(|column| read_value(row, column)).collect::<Result<Vec<_>, _>>().map(Row)
}

fn read_value(row: &SqliteRow, column: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" | "BOOLEAN" => Value::Int(row.try_get_unchecked(column)?),
        "REAL" => Value::Text(row.try_get_unchecked::<f64, _>(column)?.to_string()),
        "BLOB" => Value::Text(String::from_utf8_lossy(&row.try_get_unchecked::<Vec<u8>, _>(column)?).into_owned()),
        _ => Value::Text(row.try_get_unchecked(column)?),
    })
}

/// The text at `column` of a row of SQLite's own tables; empty when there is none.
pub(super) fn text(row: &Row, column: usize) -> String {
    optional(row, column).unwrap_or_default()
}

/// The text at `column`, if it is not NULL.
pub(super) fn optional(row: &Row, column: usize) -> Option<String> {
    match row.0.get(column) {
        Some(Value::Text(text)) => Some(text.clone()),
        Some(Value::Int(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// The integer at `column`; 0 when there is none.
pub(super) fn int(row: &Row, column: usize) -> i64 {
    match row.0.get(column) {
        Some(Value::Int(number)) => *number,
        _ => 0,
    }
}
