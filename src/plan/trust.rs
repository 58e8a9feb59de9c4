//! What a plan has to say about a database that may forget, or that cannot take rows back.

use super::Facts;
use crate::{
    model::{
        finding::Finding,
        migration::{Migration, StatementKind},
        trust::Trust,
    },
    sql,
};

/// The first words of statements about rows that change none.
const READING: [&str; 9] = ["select", "show", "explain", "describe", "desc", "values", "table", "checksum", "help"];

/// Findings about the server, when something is to be done there.
pub(super) fn of_server(facts: &Facts<'_>, now: &[&Migration]) -> Option<Finding> {
    let settings = facts.trust.filter(|trust| !trust.forgets.is_empty() && !now.is_empty())?.forgets.join(", ");
    let message =
        format!("{settings}: when the server crashes it may forget what it has acknowledged, the journal included");
    let remedy = "switch it back for the time of the run; else keep the snapshot under the run until all is well";
    Some(Finding::warning("may-forget", facts.site.target, message).remedy(remedy))
}

/// Findings about changes of rows that the server could neither take back nor keep together with their mark. They block,
/// unless the migration says itself that it is not transactional.
pub(super) fn of_migration(facts: &Facts<'_>, migration: &Migration) -> Vec<Finding> {
    let Some(trust) = facts.trust.filter(|trust| !trust.never_taken_back.is_empty()) else { return Vec::new() };
    let up = &migration.up;
    let rows = up.statements.iter().filter(|statement| statement.kind == StatementKind::Rows);
    let changes = rows.filter_map(|statement| {
        let place = format!("{}:{}", up.file, statement.line);
        Some((place, written(facts, trust, &statement.sql)?))
    });
    let backfill = migration.backfill.as_ref();
    let cut = backfill.and_then(|backfill| Some((backfill.place(), written(facts, trust, &backfill.sql)?)));
    changes.chain(cut).map(|(place, what)| finding(migration, place, &what)).collect()
}

fn finding(migration: &Migration, place: String, what: &str) -> Finding {
    let message = format!(
        "{what}, which takes no change back: one that is interrupted may be done in part, and may be done twice"
    );
    if migration.transactional == Some(false) {
        let remedy = "make the statement safe to run twice, and a snapshot first";
        return Finding::warning("rows-not-transactional", place, message).remedy(remedy);
    }
    let remedy = format!(
        "change the table first: ALTER TABLE … ENGINE=InnoDB; or take it on yourself: \"transactional\": false in {}",
        migration.metadata_in_words()
    );
    Finding::critical("rows-not-transactional", place, message).remedy(remedy)
}

/// The table among those that a statement may write, with what it is stored by.
fn written(facts: &Facts<'_>, trust: &Trust, text: &str) -> Option<String> {
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    if READING.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return None;
    }
    let alone = sql::only_table_written(facts.site.dialect, text).map(|table| vec![table]);
    let names = alone.unwrap_or_else(|| sql::names(facts.site.dialect, text));
    let (table, engine) =
        trust.never_taken_back.iter().find(|(table, _)| names.iter().any(|name| name.eq_ignore_ascii_case(table)))?;
    Some(format!("it changes rows of {table}, which is stored by {engine}"))
}
