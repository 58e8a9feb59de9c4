//! Values to the server and back.

use sqlx::{
    AssertSqlSafe, Column, MySql, Row as _, TypeInfo, ValueRef,
    mysql::{MySqlArguments, MySqlRow},
    query::Query,
    types::chrono::{NaiveDate, NaiveDateTime, NaiveTime},
};

use crate::engine::{EngineError, Row, Value};

/// A text with its values bound, over the binary protocol. It is prepared once for a connection and kept: sqlx forgets a
/// prepared statement with a message that has no answer, and the next message then waits 40 ms for TCP's delayed
/// acknowledgement (measured on Linux; sqlx does not set `TCP_NODELAY`).
pub(super) fn bound(sql: &str, binds: &[Value]) -> Query<'static, MySql, MySqlArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    binds.iter().fold(query, |query, value| match value {
        Value::Null => query.bind(None::<String>),
        Value::Int(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
        Value::Bool(truth) => query.bind(*truth),
    })
}

/// Reads a row, whichever protocol it came by.
///
/// # Errors
/// [`EngineError::Shape`] for an integer beyond `i64` and for a moment that is none (`0000-00-00`).
pub(super) fn read(row: &MySqlRow) -> Result<Row, EngineError> {
    (0..row.len()).map(|column| value(row, column)).collect::<Result<Vec<_>, _>>().map(Row)
}

fn value(row: &MySqlRow, column: usize) -> Result<Value, EngineError> {
    let kind = row.column(column).type_info().name();
    let wrong = |expected| move |error: sqlx::Error| EngineError::Shape { column, expected, found: error.to_string() };
    if row.try_get_raw(column).map_err(wrong("a value"))?.is_null() {
        return Ok(Value::Null);
    }
    let text = wrong("text");
    Ok(match kind {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Value::Int(row.try_get_unchecked(column).map_err(wrong("an integer"))?)
        }
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED"
        | "YEAR" => {
            let number: u64 = row.try_get_unchecked(column).map_err(wrong("an integer"))?;
            Value::Int(i64::try_from(number).map_err(|_| EngineError::Shape {
                column,
                expected: "an integer of 64 bits with a sign",
                found: number.to_string(),
            })?)
        }
        "TIMESTAMP" | "DATETIME" => {
            Value::Text(row.try_get_unchecked::<NaiveDateTime, _>(column).map_err(text)?.to_string())
        }
        "DATE" => Value::Text(row.try_get_unchecked::<NaiveDate, _>(column).map_err(text)?.to_string()),
        "TIME" => Value::Text(row.try_get_unchecked::<NaiveTime, _>(column).map_err(text)?.to_string()),
        "FLOAT" | "DOUBLE" => Value::Text(row.try_get_unchecked::<f64, _>(column).map_err(text)?.to_string()),
        // information_schema reports VARCHAR, VARBINARY, LONGTEXT or BLOB for the same kind of text, by server and version.
        _ => {
            let bytes: Vec<u8> = row.try_get_unchecked(column).map_err(text)?;
            Value::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
    })
}
