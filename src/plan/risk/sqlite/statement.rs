//! Pragmas, VACUUM and large indexes.

use crate::{
    model::{plan::Route, risk::Rule},
    plan::risk::{Case, Trip},
    sql::Words,
};

/// What a statement of a word of its own risks.
pub fn of(case: &Case<'_>, words: &Words) -> Option<Trip> {
    if is_legacy(words) {
        let message = "with legacy_alter_table a rename does not reach what refers to the table: views, triggers and \
             foreign keys are left behind";
        return Some(Trip::new(
            Rule::LegacyAlterTable,
            message,
            "leave it off, and make a table anew in the order that docs/RULES.md shows",
        ));
    }
    let mut words = words.clone();
    match words.next_word()?.as_str() {
        "vacuum" if !words.has_any(&["into"]) => {
            let message = "VACUUM writes the whole file anew: nobody may write to the database meanwhile, nor read it \
                 where it is not in WAL mode, and it takes its room twice more";
            let remedy = "do it by hand when nobody works; free pages are used again without it";
            Some(Trip::new(Rule::Vacuum, message, remedy))
        }
        "pragma" => foreign_keys(case, &mut words),
        _ => None,
    }
}

/// `PRAGMA legacy_alter_table = ON` (SQLite documentation, `PRAGMA legacy_alter_table`).
pub fn is_legacy(words: &Words) -> bool {
    let mut words = words.clone();
    words.take("pragma") && words.take("legacy_alter_table") && is_on(&mut words)
}

fn is_on(words: &mut Words) -> bool {
    let _ = words.take_any(&["=", "("]);
    words.take_any(&["on", "1", "true", "yes"]).is_some()
}

/// A pragma that does nothing within a transaction (SQLite documentation, `PRAGMA foreign_keys`).
fn foreign_keys(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    (case.route == Route::Whole && words.take("foreign_keys") && !words.is_at_end()).then_some(())?;
    let message = "within a transaction, which a migration is, this pragma does nothing; windlass itself switches \
         foreign keys off around it and looks at them before it commits";
    Some(Trip::new(
        Rule::ForeignKeysPragma,
        message,
        "leave it out; PRAGMA defer_foreign_keys = ON works within a transaction",
    ))
}

/// An index on a large table, for which the whole database is locked (SQLite documentation, "File Locking And Concurrency").
pub fn index(case: &Case<'_>, table: &str) -> Option<Trip> {
    if !case.scene.is_large(table) {
        return None;
    }
    let message = format!(
        "while the index on {table}{} is built nobody may write to any table of the database{}",
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = "give every writer a busy timeout that is longer than that, or do it when nobody writes";
    Some(Trip::new(Rule::IndexLocksDatabase, message, remedy))
}
