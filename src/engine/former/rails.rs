//! Rails: `schema_migrations`, a row for each migration with its number, and `ar_internal_metadata` beside it, by which it is
//! told from dbmate's (Rails guides, "Active Record Migrations").

use super::{Former, Key, Record, key};
use crate::model::tool::Tool;

pub static FORMER: Former = Former {
    tool: Tool::Rails,
    table: "schema_migrations",
    beside: &["ar_internal_metadata"],
    has: &["version"],
    lacks: &["dirty"],
    query: |_| "SELECT concat(version, '') FROM schema_migrations ORDER BY version",
    read: |rows| Record::of_names(rows, Key::version),
    key: key::leading,
    digest: |_| None,
};
