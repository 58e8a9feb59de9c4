//! Bound values in, rows out: our own tables' few kinds of value.

use std::fmt::Write;

use sqlx::{
    Arguments, AssertSqlSafe, Column, Encode, PgConnection, Postgres, Row as _, Type, TypeInfo,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, PgValueFormat, types::Oid},
};

use crate::engine::{EngineError, Row, Value};

use super::refusal;

/// NULL of no type: with type 0 the server infers it from the context (PostgreSQL manual, "Message Formats", Parse),
/// so that it fits any column. The driver's own NULLs carry a type, which an integer column refuses as text.
struct Nothing;

impl Type<Postgres> for Nothing {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Nothing {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

/// Asks; the text has `?` for each value and nowhere else.
pub(super) async fn query(connection: &mut PgConnection, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError> {
    if binds.is_empty() {
        // One message instead of two: with nothing to bind there is nothing to prepare.
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await;
        return rows.map_err(|error| refusal::of(&error))?.iter().map(read).collect();
    }
    let bound = arguments(binds).map_err(|error| refusal::of(&error))?;
    // Not persistent: a prepared statement is kept by its text alone, and a NULL changes its parameters' types.
    let rows = sqlx::query_with(AssertSqlSafe(numbered(sql)), bound).persistent(false).fetch_all(connection);
    rows.await.map_err(|error| refusal::of(&error))?.iter().map(read).collect()
}

/// Writes; gives the number of rows.
pub(super) async fn write(connection: &mut PgConnection, sql: &str, binds: &[Value]) -> Result<u64, EngineError> {
    if binds.is_empty() {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
        return done.map(|done| done.rows_affected()).map_err(|error| refusal::of(&error));
    }
    let bound = arguments(binds).map_err(|error| refusal::of(&error))?;
    let done = sqlx::query_with(AssertSqlSafe(numbered(sql)), bound).persistent(false).execute(connection);
    done.await.map(|done| done.rows_affected()).map_err(|error| refusal::of(&error))
}

/// `?` becomes `$1`, `$2`, ….
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            let _ = write!(text, "${number}");
        }
        text.push_str(part);
    }
    text
}

fn arguments(binds: &[Value]) -> Result<PgArguments, sqlx::Error> {
    let mut bound = PgArguments::default();
    for value in binds {
        match value {
            Value::Null => bound.add(Nothing),
            Value::Int(number) => bound.add(number),
            Value::Text(text) => bound.add(text.as_str()),
            Value::Bool(truth) => bound.add(truth),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(bound)
}

fn read(row: &PgRow) -> Result<Row, EngineError> {
    (0..row.len()).map(|column| value(row, column)).collect::<Result<_, _>>().map(Row)
}

fn value(row: &PgRow, column: usize) -> Result<Value, EngineError> {
    let kind = row.column(column).type_info().name();
    let found = match kind {
        "BOOL" => row.try_get::<Option<bool>, _>(column).map(|truth| truth.map(|truth| Value::Int(truth.into()))),
        "INT2" => row.try_get::<Option<i16>, _>(column).map(|number| number.map(|number| Value::Int(number.into()))),
        "INT4" => row.try_get::<Option<i32>, _>(column).map(|number| number.map(|number| Value::Int(number.into()))),
        "INT8" => row.try_get::<Option<i64>, _>(column).map(|number| number.map(Value::Int)),
        "TEXT" | "VARCHAR" | "NAME" | "CHAR" | "UNKNOWN" => {
            row.try_get::<Option<String>, _>(column).map(|text| text.map(Value::Text))
        }
        // A question without values is answered in text, whatever the type.
        _ if row.try_get_raw(column).is_ok_and(|raw| raw.format() == PgValueFormat::Text) => {
            row.try_get_unchecked::<Option<String>, _>(column).map(|text| text.map(Value::Text))
        }
        _ => {
            let found = format!("a value of type {kind}");
            return Err(EngineError::Shape { column, expected: "an integer or text", found });
        }
    };
    found.map(|value| value.unwrap_or(Value::Null)).map_err(|error| refusal::of(&error))
}
