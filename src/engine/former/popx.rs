//! popx, Ory's: `schema_migration`, a row for each migration with its number. One of 14 digits stands for all that begin with
//! them, which an older pop had as one (popx, `Migrator.UpTo`).

use super::{Former, Key, Record};
use crate::model::tool::Tool;

/// How many digits the number of an older pop has.
const LEGACY_DIGITS: usize = 14;

pub static FORMER: Former = Former {
    tool: Tool::Popx,
    table: "schema_migration",
    beside: &["schema_migration_pop_legacy"],
    has: &["version"],
    lacks: &[],
    query: |_| "SELECT concat(version, '') FROM schema_migration ORDER BY version",
    read: |rows| Record::of_names(rows, key_of).map(|record| Record { has_parts: true, ..record }),
    key: |place| place.split_once('_').map(|(number, _)| key_of(number)),
    digest: |_| None,
};

/// `20191100000001000001` is larger than any integer that a database has, so it is two.
fn key_of(number: &str) -> Key {
    let (legacy, rest) = number.split_at_checked(LEGACY_DIGITS).unwrap_or((number, ""));
    let parts = [legacy, rest].into_iter().filter(|part| !part.is_empty()).map(|part| part.parse().ok());
    parts.collect::<Option<Vec<u64>>>().map_or_else(|| Key::Name(number.to_owned()), Key::Numbers)
}
