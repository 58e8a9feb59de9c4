//! The schema from the catalogs, in the server's own canonical words (`pg_get_*def`, `format_type`).
//!
//! Nothing in it is volatile or an object identifier, so that a restored copy has the same fingerprint. Who owns an
//! object and who may use it is not part of it: that belongs to the server's roles. What belongs to an extension is
//! the extension's (`pg_depend.deptype = 'e'`, PostgreSQL manual). The questions are few and each is over
//! all tables; with names, each is narrowed by the server,
//! the case of letters aside.

mod generation;
mod machinery;
mod objects;
mod tables;

use sqlx::PgConnection;

use super::refusal;
use crate::{engine::EngineError, model::schema::Schema};

pub(super) use self::{generation::generation, tables::PICKED};

/// The first server whose columns have a compression method (PostgreSQL 14 release notes).
const COMPRESSION_SINCE: u32 = 14;

/// The schema, or what of it bears one of the names.
pub(super) async fn schema(
    connection: &mut PgConnection,
    major: u32,
    names: Option<&[String]>,
) -> Result<Schema, EngineError> {
    let names = names.map(|names| names.iter().map(|name| name.to_ascii_lowercase()).collect());
    let read = async {
        let tables = tables::read(&mut *connection, major >= COMPRESSION_SINCE, names.as_ref()).await?;
        let objects = objects::read(connection, major, names.as_ref()).await?;
        Ok(Schema { tables, objects })
    };
    read.await.map_err(|error: sqlx::Error| refusal::of(&error))
}
