//! What is in the tables, read row by row and told by storage class: a text is not a blob of the same bytes, and 1 is not 1.0
//! (SQLite manual, "Datatypes In SQLite").

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{Connection, SqliteConnection};
use tokio::{runtime::Handle, task};

use super::{
    EngineError, Place,
    copy::StopWhenDropped,
    fault,
    native::{Connected, Cursor, Failure, Stored},
    open::{self, Access},
    rows::{self, text},
    tables::FOREIGN,
};
use crate::engine::{
    DumpSink,
    content::{self, Class, Column, Digests, Export, Kind, RowBytes, Table, Tally},
};

/// So many rows are read before anybody looks up.
const ROWS_AT_ONCE: usize = 2_000;

/// The columns of a table that hold something: generated ones are computed again (SQLite manual, `PRAGMA table_xinfo`).
const COLUMNS: &str = "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid";

/// The tables of the application; virtual ones keep their rows in others.
///
/// # Errors
/// The driver's.
pub(super) async fn tables(connection: &mut SqliteConnection) -> Result<Vec<Table>, sqlx::Error> {
    let query =
        format!("SELECT name FROM sqlite_schema WHERE {FOREIGN} AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name");
    let mut tables = Vec::new();
    for row in rows::ask(connection, &query, &[]).await? {
        let name = text(&row, 0);
        let columns = rows::ask(connection, COLUMNS, &[name.as_str().into()]).await?;
        let column = |row| Column { name: text(row, 0), data_type: text(row, 1), kind: Kind::Text };
        tables.push(Table { columns: columns.iter().map(column).collect(), name });
    }
    Ok(tables)
}

/// Reads every table of a connection that holds one moment, or is used by nobody else, and gives it back.
///
/// # Errors
/// [`EngineError::Refused`] when SQLite refuses, which a damaged file makes it do.
pub(super) async fn read(
    mut connection: SqliteConnection,
    tables: Vec<Table>,
    export: Option<DumpSink>,
) -> Result<(SqliteConnection, Digests), EngineError> {
    let (_stop_when_dropped, stop) = StopWhenDropped::fresh();
    let runtime = Handle::current();
    let work = move || {
        let mut handle = runtime.block_on(connection.lock_handle()).map_err(|error| lost(&error))?;
        let digests = {
            let connected = Connected::by(&mut handle);
            let mut reading = Reading::of(&connected, &tables, export, stop);
            while reading.some()? {}
            reading.end()?
        };
        drop(handle);
        Ok((connection, digests))
    };
    task::spawn_blocking(work).await.map_err(|error| EngineError::Lost { reason: error.to_string() })?
}

pub(super) fn lost(error: &sqlx::Error) -> EngineError {
    EngineError::Lost { reason: error.to_string() }
}

/// The digests of the file as it is at one moment. In WAL mode nobody is kept from it; with a rollback journal, writers wait.
///
/// # Errors
/// As [`open::connect`]; [`EngineError::Refused`].
pub(super) async fn digests(place: &Place) -> Result<Digests, EngineError> {
    let refused = |error| fault::in_session(place, &error, None);
    let mut connection = open::connect(place, Access::Read).await?;
    rows::run(&mut connection, "BEGIN").await.map_err(refused)?;
    let tables = tables(&mut connection).await.map_err(refused)?;
    let (connection, digests) = read(connection, tables, None).await?;
    // It was only read from.
    let _ = connection.close().await;
    Ok(digests)
}

/// Rows on their way, some at a time.
pub(super) struct Reading<'a, 'c> {
    connected: &'a Connected<'c>,
    tables: &'a [Table],
    /// The table at hand, with what there is of it.
    at: usize,
    cursor: Option<Cursor<'a>>,
    tally: Tally,
    row: RowBytes,
    digests: Digests,
    export: Option<(Export, DumpSink)>,
    stop: Arc<AtomicBool>,
}

impl<'a, 'c> Reading<'a, 'c> {
    pub(super) fn of(
        connected: &'a Connected<'c>,
        tables: &'a [Table],
        export: Option<DumpSink>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            connected,
            tables,
            at: 0,
            cursor: None,
            tally: Tally::default(),
            row: RowBytes::default(),
            digests: Digests::new(),
            export: export.map(|sink| (Export::of("SQLite", tables), sink)),
            stop,
        }
    }

    /// Reads some more; false when there is nothing left.
    pub(super) fn some(&mut self) -> Result<bool, EngineError> {
        let Some(table) = self.tables.get(self.at) else { return Ok(false) };
        if self.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Lost { reason: "the reading was given up".to_owned() });
        }
        if self.cursor.is_none()
            && let Some((lines, _)) = &mut self.export
        {
            lines.turn_to(table);
        }
        let begun = self.cursor.take().map(Ok);
        let mut cursor = begun.unwrap_or_else(|| Cursor::over(self.connected, &question(table)).map_err(refused))?;
        for _ in 0..ROWS_AT_ONCE {
            if !cursor.step().map_err(refused)? {
                self.digests.insert(table.name.clone(), std::mem::take(&mut self.tally).digest());
                self.at += 1;
                return Ok(true);
            }
            self.take_in(&mut cursor, table.columns.len())?;
        }
        self.cursor = Some(cursor);
        Ok(true)
    }

    fn take_in(&mut self, cursor: &mut Cursor<'_>, columns: usize) -> Result<(), EngineError> {
        self.row.clear();
        for column in 0..columns {
            match cursor.value(column) {
                Stored::Null => self.row.null(),
                Stored::Integer(number) => self.row.value(Class::Integer, &number.to_le_bytes()),
                Stored::Real(number) => self.row.value(Class::Real, &number.to_le_bytes()),
                Stored::Text(bytes) => self.row.value(Class::Text, bytes),
                Stored::Blob(bytes) => self.row.value(Class::Blob, bytes),
            }
        }
        self.tally.take_in(self.row.bytes());
        if let Some((lines, sink)) = &mut self.export {
            lines.row(self.row.cells());
            if let Some(full) = lines.full() {
                sink.blocking_send(full).map_err(|_| content::gone())?;
            }
        }
        Ok(())
    }

    /// What was found, once nothing is left.
    pub(super) fn end(self) -> Result<Digests, EngineError> {
        if let Some((lines, sink)) = self.export {
            sink.blocking_send(lines.end()).map_err(|_| content::gone())?;
        }
        Ok(self.digests)
    }
}

fn question(table: &Table) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let list = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
    format!("SELECT {list} FROM {}", quoted(&table.name))
}

pub(super) fn refused(failure: Failure) -> EngineError {
    EngineError::Refused { code: failure.code.to_string(), message: failure.message }
}
