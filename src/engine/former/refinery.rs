//! refinery: `refinery_schema_history`, a row for each migration with its number (refinery, `Migrate`).

use super::{Former, Key, Record, key};
use crate::model::tool::Tool;

pub static FORMER: Former = Former {
    tool: Tool::Refinery,
    table: "refinery_schema_history",
    beside: &[],
    has: &["version", "applied_on"],
    lacks: &[],
    query: |_| "SELECT concat(version, '') FROM refinery_schema_history ORDER BY version",
    read: |rows| Record::of_names(rows, Key::version),
    key: key::versioned,
    digest: |_| None,
};
