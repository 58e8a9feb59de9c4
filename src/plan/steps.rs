//! From a migration to a planned one.

use super::{Facts, estimate};
use crate::model::{
    migration::{DdlScope, Direction, Migration, Script, StatementKind},
    plan::{PlannedMigration, PlannedStatement, RollbackKind, Route},
};

/// How a script is run on an engine: whole when everything in it can share one transaction.
#[must_use]
pub fn route(scope: DdlScope, transactional: Option<bool>, script: &Script) -> Route {
    let fits = |kind| match kind {
        StatementKind::Rows | StatementKind::Session => true,
        StatementKind::TransactionalDdl => scope == DdlScope::Transaction,
        _ => false,
    };
    let whole = transactional != Some(false) && script.statements.iter().all(|statement| fits(statement.kind));
    if whole { Route::Whole } else { Route::Journaled }
}

/// What a migration would do.
pub(super) fn planned(
    facts: &Facts<'_>,
    migration: &Migration,
    direction: Direction,
    number: i64,
    with_sql: bool,
) -> PlannedMigration {
    let script = match direction {
        Direction::Up => Some(&migration.up),
        Direction::Down => migration.down.as_ref(),
    };
    let id = migration.identity.to_string();
    let timed = script.filter(|_| direction == Direction::Up);
    PlannedMigration {
        number,
        estimated_ms: timed.and_then(|script| estimate::of_script(facts, &id, script)),
        id,
        version: migration.identity.version.clone(),
        description: migration.description.clone(),
        direction,
        critical: migration.critical,
        route: script.map_or(Route::Whole, |script| route(facts.site.scope, migration.transactional, script)),
        statements: script.map(|script| statements(script, with_sql)).unwrap_or_default(),
        rollback: if migration.down.is_some() { RollbackKind::Claimed } else { RollbackKind::None },
    }
}

fn statements(script: &Script, with_sql: bool) -> Vec<PlannedStatement> {
    let planned = |statement: &crate::model::migration::Statement| PlannedStatement {
        place: format!("{}:{}", script.file, statement.line),
        sql: with_sql.then(|| statement.sql.clone()),
        kind: statement.kind,
    };
    script.statements.iter().map(planned).collect()
}
