//! The schema, from `information_schema`: one query for each kind of thing, over all tables at once.
//!
//! What an account, a moment or a machine decides is left out, so that equal schemas have equal words on two servers:
//! definers, the `sql_mode` and character set that an object was created under, moments of events, `AUTO_INCREMENT`'s
//! next value, estimates.

pub(super) mod generation;
pub(super) mod keys;
mod objects;
mod scope;
mod tables;
mod text;

use std::{collections::BTreeMap, fmt::Write};

use self::scope::Scope;
use super::session::MariaSession;
use crate::{
    engine::{EngineError, Row, bookkeeping::journal::sha256},
    model::schema::Schema,
};

/// How long a look at one table may take.
const GLANCE_S_MAX: u64 = 600;

/// There is no table of this name, or there can be none (MariaDB manual, "Error Codes": `ER_NO_SUCH_TABLE`,
/// `ER_WRONG_TABLE_NAME`, `ER_TOO_LONG_IDENT`).
const NO_SUCH_TABLE: [&str; 3] = ["1146", "1103", "1059"];

/// Kinds of `information_schema.tables` that hold rows.
pub(super) const HOLDING_ROWS: [&str; 2] = ["BASE TABLE", "SYSTEM VERSIONED"];

/// The schema of the session's database; with names, only what is called so.
///
/// # Errors
/// The server's.
pub(super) async fn schema(session: &mut MariaSession, names: Option<&[String]>) -> Result<Schema, EngineError> {
    let database = session.database.clone();
    let scope = Scope { database: &database, names };
    let mut objects = BTreeMap::new();
    let tables = tables::read(session, &scope, &mut objects).await?;
    objects::triggers(session, &scope, &mut objects).await?;
    objects::routines(session, &scope, &mut objects).await?;
    objects::events(session, &scope, &mut objects).await?;
    Ok(Schema { tables, objects })
}

/// A digest of how SHOW CREATE TABLE prints each of these tables: one file is opened for each, where a question to
/// `information_schema` makes several temporary tables.
///
/// # Errors
/// The server's, but for a table that is not there, which is told so in the digest.
pub(super) async fn glance(session: &mut MariaSession, tables: &[String]) -> Result<String, EngineError> {
    let mut all = String::new();
    for table in tables {
        let sql = format!("SHOW CREATE TABLE `{}`", table.replace('`', "``"));
        let shown = match session.rows(&sql, &[], GLANCE_S_MAX).await {
            Ok(rows) => rows.first().map_or(Ok(""), |row| word(row, 1))?.to_owned(),
            Err(EngineError::Refused { code, .. }) if NO_SUCH_TABLE.contains(&code.as_str()) => "-".to_owned(),
            Err(error) => return Err(error),
        };
        let shown = text::without_next_number(&shown);
        let _ = write!(all, "{}:{shown}", shown.len());
    }
    Ok(sha256(&all))
}

/// The text at `column`, empty for NULL.
fn word(row: &Row, column: usize) -> Result<&str, EngineError> {
    row.text(column).map(Option::unwrap_or_default)
}

/// A size or count at `column`, 0 for NULL.
fn amount(row: &Row, column: usize) -> Result<u64, EngineError> {
    row.int(column).map(|number| number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
}
