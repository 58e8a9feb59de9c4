//! From a migration to a planned one.

use super::{Facts, estimate, rehearsal};
use crate::model::{
    backfill::Backfill,
    migration::{DdlScope, Direction, Migration, Script, StatementKind},
    plan::{PlannedBackfill, PlannedMigration, PlannedStatement, Route},
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

/// How a migration goes forward: one with a backfill is never one transaction.
#[must_use]
pub(super) fn route_up(scope: DdlScope, migration: &Migration) -> Route {
    match migration.backfill {
        Some(_) => Route::Journaled,
        None => route(scope, migration.transactional, &migration.up),
    }
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
    let mut planned = PlannedMigration {
        number,
        estimated_ms: timed.and_then(|script| estimate::of_script(facts, &id, script)),
        id,
        version: migration.identity.version.clone(),
        description: migration.description.clone(),
        direction,
        critical: migration.critical,
        route: match direction {
            Direction::Up => route_up(facts.site.scope, migration),
            Direction::Down => {
                script.map_or(Route::Whole, |script| route(facts.site.scope, migration.transactional, script))
            }
        },
        statements: script.map(|script| statements(script, with_sql)).unwrap_or_default(),
        rollback: rehearsal::verdict(facts, migration),
        rehearsal: rehearsal::of(facts, migration).filter(|_| direction == Direction::Up).cloned(),
    };
    if let (Direction::Up, Some(backfill)) = (direction, &migration.backfill) {
        planned.statements.push(in_batches(facts, backfill, with_sql));
    }
    planned
}

fn in_batches(facts: &Facts<'_>, backfill: &Backfill, with_sql: bool) -> PlannedStatement {
    let table = backfill.table.rsplit('.').next().unwrap_or_default().to_owned();
    let rows = facts.schema.map(|schema| schema.only(&[table]).tables.values().map(|table| table.rows_estimate).sum());
    PlannedStatement {
        place: backfill.place(),
        sql: with_sql.then(|| backfill.sql.clone()),
        kind: StatementKind::Rows,
        backfill: Some(PlannedBackfill {
            table: backfill.table.clone(),
            key: backfill.key.clone(),
            rows_estimate: rows,
        }),
    }
}

fn statements(script: &Script, with_sql: bool) -> Vec<PlannedStatement> {
    let planned = |statement: &crate::model::migration::Statement| PlannedStatement {
        place: format!("{}:{}", script.file, statement.line),
        sql: with_sql.then(|| statement.sql.clone()),
        kind: statement.kind,
        backfill: None,
    };
    script.statements.iter().map(planned).collect()
}
