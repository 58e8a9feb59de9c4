//! Diesel: `__diesel_schema_migrations`, a row for each migration with its number (Diesel, `MigrationHarness`).

use super::{Former, Key, Record, key};
use crate::model::tool::Tool;

pub static FORMER: Former = Former {
    tool: Tool::Diesel,
    table: "__diesel_schema_migrations",
    beside: &[],
    has: &["version", "run_on"],
    lacks: &[],
    query: |_| "SELECT concat(version, '') FROM __diesel_schema_migrations ORDER BY version",
    read: |rows| Record::of_names(rows, Key::version),
    key: key::leading,
    digest: |_| None,
};
