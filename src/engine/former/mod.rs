//! What other tools wrote down of a target: which of their migrations are applied. One file for each; nothing of theirs is
//! ever written.

mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod key;
mod popx;
mod prisma;
mod rails;
mod record;
mod refinery;
mod sqlx;

pub use self::{
    key::Key,
    record::{Record, Unsound},
};
use crate::{
    engine::{EngineError, Row, Session},
    model::{schema::Schema, tool::Tool},
    sql::Dialect,
};

/// How one tool writes down what is applied.
pub struct Former {
    /// Whose it is.
    pub tool: Tool,
    /// The table it keeps that in.
    pub table: &'static str,
    /// More tables of its own, which are not the application's either.
    pub beside: &'static [&'static str],
    /// Columns that tell it from another tool's table of the same name.
    has: &'static [&'static str],
    /// Columns that only the other tool's table has.
    lacks: &'static [&'static str],
    /// Asks for all rows, in the order in which they were written.
    query: fn(Dialect) -> &'static str,
    /// Makes sense of them.
    read: fn(&[Row]) -> Result<Record, EngineError>,
    /// By what the tool knows the migration at this place of a catalog.
    pub key: fn(&str) -> Option<Key>,
    /// What the tool keeps of a file's bytes; `None` where windlass cannot say that.
    pub digest: fn(&[u8]) -> Option<String>,
}

static ALL: [&Former; 10] = [
    &sqlx::FORMER,
    &diesel::FORMER,
    &golang_migrate::FORMER,
    &dbmate::FORMER,
    &goose::FORMER,
    &flyway::FORMER,
    &prisma::FORMER,
    &refinery::FORMER,
    &rails::FORMER,
    &popx::FORMER,
];

/// The tables that are looked for.
#[must_use]
pub fn tables() -> Vec<String> {
    let mut tables: Vec<String> = ALL.iter().flat_map(|former| former.own_tables()).map(str::to_owned).collect();
    tables.sort();
    tables.dedup();
    tables
}

/// Those whose table is in the target.
///
/// # Errors
/// The server's.
pub async fn found(session: &mut dyn Session) -> Result<Vec<&'static Former>, EngineError> {
    let schema = session.schema(Some(&tables())).await?;
    Ok(ALL.into_iter().filter(|former| former.is_in(&schema)).collect())
}

impl Former {
    /// Every table of the tool's own.
    pub fn own_tables(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.table).chain(self.beside.iter().copied())
    }

    fn is_in(&self, schema: &Schema) -> bool {
        let Some(table) = schema.tables.get(self.table) else { return false };
        let has = |name: &&str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let is_alone = self.tool != Tool::Dbmate || !rails::FORMER.is_sure(schema);
        let is_sure = self.tool != Tool::Rails || self.is_sure(schema);
        self.has.iter().all(has) && !self.lacks.iter().any(has) && is_alone && is_sure
    }

    /// Whether all of its tables are there; one alone may be another tool's.
    fn is_sure(&self, schema: &Schema) -> bool {
        self.own_tables().all(|table| schema.tables.contains_key(table))
    }

    /// Reads what it tells; only looks.
    ///
    /// # Errors
    /// The server's, or a row that the tool would not have written.
    pub async fn record(&self, session: &mut dyn Session, dialect: Dialect) -> Result<Record, EngineError> {
        let rows = session.query((self.query)(dialect), &[]).await?;
        (self.read)(&rows)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
