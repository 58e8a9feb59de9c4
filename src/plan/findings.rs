//! What a plan has to say about history and catalog.

use super::{Facts, backfill, edited, interruption, rehearsal, steps, trust};
use crate::model::{
    checksum::Edit,
    finding::Finding,
    history::{Applied, Unfinished},
    migration::{DdlScope, Direction, Migration, StatementKind},
    plan::Route,
};

/// The rule of a database that is newer than the application.
pub const NEWER: &str = "database-is-newer";

/// Findings about what was applied.
#[must_use]
pub fn of_history(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        facts.applied().filter_map(|(row, migration)| of_row(facts, row, migration)).collect();
    if let Some(unfinished) = &facts.history.unfinished {
        found.push(
            Finding::warning("interrupted", unfinished.migration.clone(), interrupted(unfinished))
                .remedy(ways_on(unfinished)),
        );
    }
    if facts.history.has_foreign_tables && !facts.catalog.migrations.is_empty() {
        found.push(
            Finding::critical("not-empty", facts.site.target, "the database has tables but no migration history")
                .remedy(
                    "take over what another tool wrote: windlass adopt; or say what it holds: windlass adopt --baseline <version>",
                ),
        );
    }
    if let Some(actual) = facts.history.version.as_ref().filter(|actual| **actual > facts.needs.required) {
        found.push(
            Finding::critical(
                NEWER,
                facts.site.target,
                format!("the application requires {}, the database is at {actual}", facts.needs.required),
            )
            .remedy(format!(
                "deploy the newer application, or take the database back: windlass down --to {}",
                facts.needs.required
            )),
        );
    }
    found
}

/// What was interrupted, and what becomes of it, in words.
pub(super) fn interrupted(unfinished: &Unfinished) -> String {
    let Unfinished { migration, direction, statements_done, place, next_step, .. } = unfinished;
    if unfinished.snapshot.is_some() {
        return format!("{migration} was interrupted; {next_step}");
    }
    let way = if *direction == Direction::Down { " going back" } else { "" };
    let place = place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let rows = unfinished.backfill.as_ref().map(|left| format!(", and {left}")).unwrap_or_default();
    let next = if next_step.is_empty() { "the next run finishes it" } else { next_step };
    format!(
        "{migration} was interrupted{way}{place}; {statements_done} of its statements are known to be done{rows}; {next}"
    )
}

fn ways_on(unfinished: &Unfinished) -> String {
    let ways: Vec<String> =
        unfinished.choices.iter().map(|choice| format!("{} ({})", choice.command, choice.effect)).collect();
    if ways.is_empty() { "the next run finishes it first: windlass up".to_owned() } else { ways.join("; or ") }
}

fn of_row(facts: &Facts<'_>, row: &Applied, migration: Option<&Migration>) -> Option<Finding> {
    let name = row.name.clone().unwrap_or_else(|| format!("migration {}", row.number));
    if !row.success {
        let words = row.error_message.clone().unwrap_or_default();
        return Some(
            Finding::warning("failed-not-critical", name, format!("it failed and was not critical: {words}"))
                .remedy("put what is missing into a new migration"),
        );
    }
    let Some(migration) = migration else {
        return (facts.history.version.as_ref() <= Some(&facts.needs.required)).then(|| {
            Finding::warning("not-in-catalog", name, "it was applied and the catalog does not have it")
                .remedy("restore its folder, or take it back with the release that has it")
        });
    };
    let applied = row.checksum.as_ref()?;
    let replaces = |old: &String| *old == applied.to_string() || *old == applied.bytes;
    match migration.checksum.edit_since(applied) {
        Edit::Meaningful if migration.identity.is_repeatable() => None,
        Edit::Meaningful if !migration.supersedes.iter().any(replaces) => Some(
            edited::finding(facts, &name, migration).remedy(format!(
                "restore the file and put the change into a new migration, or approve it: \"supersedes\": [\"{applied}\"] in {}",
                migration.metadata_in_words()
            )),
        ),
        Edit::Meaningless => Some(Finding::info(
            "reformatted",
            migration.up.file.to_string(),
            "spacing, comments or the case of keywords changed after it was applied; its statements did not",
        )),
        _ => None,
    }
}

/// Findings about what would be applied.
pub(super) fn of_pending(facts: &Facts<'_>, now: &[&Migration]) -> Vec<Finding> {
    let of_server = trust::of_server(facts, now).into_iter();
    of_server.chain(now.iter().flat_map(|migration| of_migration(facts, migration))).collect()
}

fn of_migration(facts: &Facts<'_>, migration: &Migration) -> Vec<Finding> {
    let id = migration.identity.to_string();
    let mut found: Vec<Finding> = backfill::of_migration(facts, migration).into_iter().collect();
    if let Some(newer) = facts.applied_after(migration).filter(|_| !migration.out_of_order) {
        found.push(
            Finding::critical(
                "out-of-order",
                id.clone(),
                format!("it comes before {}, which is applied", newer.identity),
            )
            .remedy(format!(
                "give it a later number, or allow it: \"out_of_order\": true in {}",
                migration.metadata_in_words()
            )),
        );
    }
    let route = steps::route_up(facts.site.scope, migration);
    if migration.transactional == Some(true) && route == Route::Journaled {
        found.push(
            Finding::critical(
                "cannot-be-transactional",
                id.clone(),
                match migration.backfill {
                    Some(_) => "\"transactional\": true, but a backfill is many transactions",
                    None => "\"transactional\": true, but not all of its statements can share a transaction",
                },
            )
            .remedy("remove the field; it is then run statement by statement with a journal"),
        );
    } else if let Some(statement) = migration.up.statements.iter().find(|s| s.kind == StatementKind::OutsideTransaction)
    {
        found.push(Finding::info(
            "outside-transaction",
            format!("{}:{}", migration.up.file, statement.line),
            "this statement refuses transactions, so the migration runs statement by statement with a journal",
        ));
    } else if route == Route::Journaled && migration.backfill.is_none() && facts.site.scope == DdlScope::Transaction {
        found.push(Finding::info("not-transactional", id.clone(), "runs statement by statement with a journal"));
    }
    found.extend(trust::of_migration(facts, migration));
    found.extend(interruption::of_statements(facts, migration));
    found.extend(rehearsal::of_migration(facts, migration));
    if migration.down.is_none() {
        found.push(Finding::info("no-way-back", id, "it has no down script; only a snapshot takes it back"));
    }
    found
}
