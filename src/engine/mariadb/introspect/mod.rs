//! The schema, from `information_schema`: one query for each kind of thing, over all tables at once.
//!
//! What an account, a moment or a machine decides is left out, so that equal schemas have equal words on two servers:
//! definers, the `sql_mode` and character set that an object was created under, moments of events, `AUTO_INCREMENT`'s
//! next value, estimates.

pub(super) mod keys;
mod objects;
mod scope;
mod tables;
mod text;

use std::collections::BTreeMap;

use self::scope::Scope;
use super::session::MariaSession;
use crate::{
    engine::{EngineError, Row},
    model::schema::Schema,
};

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

/// The text at `column`, empty for NULL.
fn word(row: &Row, column: usize) -> Result<&str, EngineError> {
    row.text(column).map(Option::unwrap_or_default)
}

/// A size or count at `column`, 0 for NULL.
fn amount(row: &Row, column: usize) -> Result<u64, EngineError> {
    row.int(column).map(|number| number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
}
