//! What a plan has to say about backfills: whether each table can be cut by its key, before anything is changed.

use super::Facts;
use crate::{
    model::{
        backfill::{Backfill, NoKey},
        finding::Finding,
        migration::{Migration, Statement, StatementKind},
    },
    sql,
};

/// Why a migration's backfill could not begin, as far as it can be known now: what stands in its way may be changed by what
/// runs before it, its own forward script included.
pub(super) fn of_migration(facts: &Facts<'_>, migration: &Migration) -> Option<Finding> {
    let backfill = migration.backfill.as_ref()?;
    let keys = facts.keys?.get(&backfill.table)?;
    let NoKey { message, remedy } = backfill.choose(keys.as_deref()).err()?;
    let words: &[&str] = if keys.is_none() { &[] } else { &["primary", "unique"] };
    if before(facts, migration).any(|statement| may_mend(facts, backfill, statement, words)) {
        return None;
    }
    Some(Finding::critical("backfill", backfill.place(), message).remedy(remedy))
}

/// The statements that run before a migration's backfill.
fn before<'a>(facts: &'a Facts<'_>, migration: &'a Migration) -> impl Iterator<Item = &'a Statement> {
    let earlier = facts.pending().take_while(|pending| pending.identity != migration.identity);
    earlier.chain(std::iter::once(migration)).flat_map(|pending| &pending.up.statements)
}

/// Whether a statement changes the schema, names the table, and says one of these words.
fn may_mend(facts: &Facts<'_>, backfill: &Backfill, statement: &Statement, words: &[&str]) -> bool {
    if matches!(statement.kind, StatementKind::Rows | StatementKind::Session) {
        return false;
    }
    let table = backfill.table.rsplit('.').next().unwrap_or_default();
    let text = statement.sql.to_ascii_lowercase();
    let names = sql::names(facts.site.dialect, &statement.sql);
    names.iter().any(|name| name.eq_ignore_ascii_case(table))
        && (words.is_empty() || words.iter().any(|word| text.contains(word)))
}
