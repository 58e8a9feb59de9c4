//! dbmate: `schema_migrations`, a row for each migration with its number (dbmate's README, "Internals").

use super::{Former, Key, Record, key};
use crate::model::tool::Tool;

pub static FORMER: Former = Former {
    tool: Tool::Dbmate,
    table: "schema_migrations",
    beside: &[],
    has: &["version"],
    lacks: &["dirty"],
    query: |_| "SELECT concat(version, '') FROM schema_migrations ORDER BY version",
    read: |rows| Record::of_names(rows, Key::version),
    key: key::leading,
    digest: |_| None,
};
