//! What is in the tables: which there are, and their rows at one moment.
//!
//! A value is the server's own text of it (the text protocol), in a session without `sql_mode`, in UTC and UTF-8: what the
//! client program for dumps asks for as well.

use std::{collections::BTreeMap, time::Duration};

use futures_util::StreamExt;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row as _, mysql::MySqlRow};
use tokio::time::timeout;

use super::{
    MARIADB,
    broken::name as quoted,
    introspect::HOLDING_ROWS,
    session::{MariaSession, OWN_S_MAX, answered, understood},
    tables::is_ours,
};
use crate::engine::{
    EngineError, Session, Value,
    content::{Class, Column, Digests, Kind, RowBytes, Table, Tally},
};

/// How long the server may be silent within a table.
const SILENT_S_MAX: u64 = 30 * 60;

/// How long it may take until a session is ready.
const CONNECT_S_MAX: u64 = 10;

/// Tables of these engines show rows that lie elsewhere; the client program leaves them out too (MariaDB source,
/// `client/mysqldump.c`, `check_if_ignore_table`).
const ELSEWHERE: [&str; 4] = ["MRG_MYISAM", "MRG_ISAM", "FEDERATED", "SPIDER"];

const TABLES: &str = "SELECT table_name, table_type, COALESCE(engine, '') FROM information_schema.tables WHERE table_schema = ? ORDER BY 1";

/// Generated columns have an expression, those of a table's own versions included (`ROW START`).
const COLUMNS: &str = "SELECT table_name, column_name, column_type, data_type, \
    CASE WHEN COALESCE(generation_expression, '') = '' THEN 0 ELSE 1 END \
    FROM information_schema.columns WHERE table_schema = ? ORDER BY table_name, ordinal_position";

/// A snapshot for everything that follows, and values as the client program asks for them.
const BEGIN: &str = "SET SESSION sql_mode = '', time_zone = '+00:00', net_write_timeout = 3600; \
    SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// A table that holds rows.
pub(super) struct Listed {
    /// With the columns that count: those that are not computed from others.
    pub table: Table,
    /// Every column, and whether it counts.
    pub columns: Vec<(String, bool)>,
}

/// The tables of the application that hold rows themselves.
///
/// # Errors
/// The server's.
pub(super) async fn tables(session: &mut MariaSession) -> Result<Vec<Listed>, EngineError> {
    let database = [Value::from(session.database.as_str())];
    let mut found = BTreeMap::new();
    for row in session.query(TABLES, &database).await? {
        let word = |column| row.text(column).map(Option::unwrap_or_default);
        let (name, engine) = (word(0)?, word(2)?.to_ascii_uppercase());
        if HOLDING_ROWS.contains(&word(1)?) && !is_ours(name) && !ELSEWHERE.contains(&engine.as_str()) {
            let table = Table { name: name.to_owned(), columns: Vec::new() };
            found.insert(name.to_owned(), Listed { table, columns: Vec::new() });
        }
    }
    for row in session.query(COLUMNS, &database).await? {
        let word = |column| row.text(column).map(|text| text.unwrap_or_default().to_owned());
        let Some(listed) = found.get_mut(&word(0)?) else { continue };
        let counts = row.int(4)? == Some(0);
        listed.columns.push((word(1)?, counts));
        if counts {
            let kind = told_as(&word(3)?);
            listed.table.columns.push(Column { name: word(1)?, data_type: word(2)?, kind });
        }
    }
    Ok(found.into_values().collect())
}

fn told_as(data_type: &str) -> Kind {
    match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => Kind::Integer,
        "float" | "double" => Kind::Real,
        "bit" | "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "vector" | "geometry"
        | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => Kind::Bytes,
        _ => Kind::Text,
    }
}

/// The digests of every table, all at one moment, over a connection of its own.
///
/// # Errors
/// The server's.
pub(super) async fn digests(session: &mut MariaSession) -> Result<Digests, EngineError> {
    let tables = tables(session).await?;
    let limit = Duration::from_secs(CONNECT_S_MAX);
    let mut connection = answered(MySqlConnection::connect_with(&session.options), limit).await?;
    let product = session.server().product;
    // A limit of the server for statements is not meant for these (MariaDB manual, `max_statement_time`; MySQL manual,
    // `max_execution_time`).
    let unlimited = if product == MARIADB { "max_statement_time" } else { "max_execution_time" };
    let begin = format!("SET SESSION {unlimited} = 0; {BEGIN}");
    answered(sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut connection), Duration::from_secs(OWN_S_MAX)).await?;
    let mut digests = Digests::new();
    for listed in &tables {
        digests.insert(listed.table.name.clone(), read(&mut connection, &listed.table).await?.digest());
    }
    let _ = timeout(limit, connection.close()).await;
    Ok(digests)
}

async fn read(connection: &mut MySqlConnection, table: &Table) -> Result<Tally, EngineError> {
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let list = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
    let sql = format!("SELECT {list} FROM {}", quoted(&table.name));
    let limit = Duration::from_secs(SILENT_S_MAX);
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(connection);
    let (mut tally, mut bytes) = (Tally::default(), RowBytes::default());
    while let Some(row) = timeout(limit, rows.next()).await.map_err(|_| EngineError::TimedOut(limit))? {
        let row = row.map_err(|error| understood(&error))?;
        write(&row, columns.len(), &mut bytes).map_err(|error| understood(&error))?;
        tally.take_in(bytes.bytes());
    }
    Ok(tally)
}

fn write(row: &MySqlRow, columns: usize, bytes: &mut RowBytes) -> Result<(), sqlx::Error> {
    bytes.clear();
    for column in 0..columns {
        match row.try_get_unchecked::<Option<&[u8]>, _>(column)? {
            None => bytes.null(),
            Some(value) => bytes.value(Class::Text, value),
        }
    }
    Ok(())
}
