//! Keys, indexes and checks.

use super::cost;
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::{Act, Words},
};

/// What a new constraint or index costs. A plain or unique index is built while others go on.
pub fn added(case: &Case<'_>, table: &str, definition: &Words) -> Option<Trip> {
    let mut words = definition.clone();
    match words.next_word()?.as_str() {
        "foreign" if !has_set(case, "foreign_key_checks") => Some(foreign_key(case, table)),
        "check" if !words.has(&["not", "enforced"]) => {
            Some(cost::copies(case, Rule::CheckCopies, table, "adding a CHECK"))
        }
        "primary" => Some(cost::rebuilds(case, table, "a new PRIMARY KEY")),
        kind @ ("fulltext" | "spatial") => index(case, table, kind),
        _ => None,
    }
}

fn foreign_key(case: &Case<'_>, table: &str) -> Trip {
    let remedy = format!(
        "look for rows without a parent first, then: SET foreign_key_checks = 0; ALTER TABLE {table} ADD FOREIGN KEY \
         …, ALGORITHM=INPLACE, LOCK=NONE; SET foreign_key_checks = 1 (the rows there are then stay unchecked)"
    );
    Trip {
        remedy,
        ..cost::copies(case, Rule::ForeignKeyCopies, table, "adding a foreign key with foreign_key_checks on")
    }
}

/// Whether the migration has switched a setting off before.
fn has_set(case: &Case<'_>, setting: &str) -> bool {
    let is_off = |words: &Words| ["0", "off"].iter().any(|off| words.has(&[setting, "=", off]));
    case.before().iter().any(|act| matches!(act, Act::Other(words) if is_off(words)))
}

/// An index of a kind that can only be built while nobody writes.
pub fn index(case: &Case<'_>, table: &str, kind: &str) -> Option<Trip> {
    if case.scene.is_idle(table) || !["fulltext", "spatial"].contains(&kind) {
        return None;
    }
    Some(cost::shuts(case, Rule::IndexBlocksWrites, table, &format!("a {} index", kind.to_uppercase())))
}
