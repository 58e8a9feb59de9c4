//! What a plan has to say about single statements: how they are run, and what becomes of them when they are interrupted.

use super::{Facts, steps};
use crate::{
    model::{
        finding::Finding,
        migration::{DdlScope, Migration, Script, Statement, StatementKind},
        plan::Route,
    },
    sql::{self, Doubt},
};

/// Findings about the statements of a migration that is run one by one.
pub(super) fn of_statements(facts: &Facts<'_>, migration: &Migration) -> Vec<Finding> {
    let script = &migration.up;
    if steps::route(facts.site.scope, migration.transactional, script) == Route::Whole {
        return Vec::new();
    }
    let mut found = rewritten(script);
    found.extend(script.statements.iter().filter_map(|statement| of_statement(facts, migration, statement)));
    found
}

/// One finding for each statement that is run as several.
fn rewritten(script: &Script) -> Vec<Finding> {
    let same = |one: &Statement, other: &Statement| match (&one.part, &other.part) {
        (Some(one_part), Some(other_part)) => one.line == other.line && one_part.of == other_part.of,
        _ => false,
    };
    let groups = script.statements.chunk_by(same).filter(|group| group[0].part.is_some());
    let told = groups.map(|group| {
        let steps: Vec<&str> = group.iter().map(|statement| statement.sql.as_str()).collect();
        Finding::info(
            "rewritten",
            format!("{}:{}", script.file, group[0].line),
            format!("the server does not do this as one step, so it runs as {}: {}", steps.len(), steps.join("; ")),
        )
    });
    told.collect()
}

fn of_statement(facts: &Facts<'_>, migration: &Migration, statement: &Statement) -> Option<Finding> {
    let place = format!("{}:{}", migration.up.file, statement.line);
    let doubt = sql::doubt(facts.site.dialect, &statement.sql);
    let commits = facts.site.scope == DdlScope::Statement && statement.kind == StatementKind::ImplicitCommit;
    let is_first =
        |word: &str| statement.sql.split_ascii_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case(word));
    let is_alone = statement.kind == StatementKind::OutsideTransaction
        || (statement.kind == StatementKind::TransactionalDdl && migration.transactional == Some(false));
    match doubt {
        _ if commits && is_first("truncate") => Some(
            Finding::warning("truncates", place, "its rows are gone at once, and no down script brings them back")
                .remedy("make a snapshot first, or move the rows aside"),
        ),
        Doubt::Opaque if commits || is_alone => Some(
            Finding::warning(
                "opaque",
                place,
                "it runs what it does not tell: when it is interrupted after it has committed something, a person has to say \
                 whether it is run again",
            )
            .remedy("write its statements into the script, or make it safe to run twice"),
        ),
        Doubt::Repeatable | Doubt::RefusedTwice if commits && !is_first("create") => Some(Finding::info(
            "unseen",
            place,
            "what it changes is no part of the schema; when it is interrupted it is run again, which does no harm",
        )),
        _ => None,
    }
}
