//! How long it may take: as long as it took before, else by the sizes of the tables a script names. Rough on purpose, and
//! silent when nothing is known.

use super::Facts;
use crate::{model::migration::Script, sql};

/// Rows that a schema change or an UPDATE is taken to work through in a millisecond.
const ROWS_A_MS: u64 = 100;
/// What a statement costs whatever it works on, in milliseconds.
const STATEMENT_MS: u64 = 5;

/// Milliseconds for a migration's script; `None` when neither an earlier run nor the target's sizes are known.
pub(super) fn of_script(facts: &Facts<'_>, id: &str, script: &Script) -> Option<u64> {
    if let Some(before) = facts.durations.and_then(|durations| durations.get(id)) {
        return Some(*before);
    }
    facts.schema?;
    Some(script.statements.iter().map(|statement| STATEMENT_MS + rows_named(facts, &statement.sql) / ROWS_A_MS).sum())
}

/// Rows in the tables that a statement names, as the server estimates them.
pub(super) fn rows_named(facts: &Facts<'_>, statement: &str) -> u64 {
    let Some(schema) = facts.schema.filter(|schema| !schema.tables.is_empty()) else { return 0 };
    let names = sql::names(facts.site.dialect, statement);
    schema.only(&names).tables.values().map(|table| table.rows_estimate).sum()
}

/// Rows in all tables that the scripts name, each table once.
pub(super) fn rows_in_all<'a>(facts: &Facts<'_>, scripts: impl Iterator<Item = &'a Script>) -> u64 {
    let Some(schema) = facts.schema.filter(|schema| !schema.tables.is_empty()) else { return 0 };
    let names: Vec<String> = scripts
        .flat_map(|script| &script.statements)
        .flat_map(|statement| sql::names(facts.site.dialect, &statement.sql))
        .collect();
    schema.only(&names).tables.values().map(|table| table.rows_estimate).sum()
}
