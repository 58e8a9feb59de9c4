//! What statements do to each other in one migration (PostgreSQL manual, "Explicit Locking": a lock is held until the transaction
//! ends).

use super::Lock;
use crate::{
    model::{migration::StatementKind, plan::Route, risk::Rule},
    plan::risk::{Case, Trip},
    sql::Act,
};

/// What a statement risks because of the others.
pub fn of(case: &Case<'_>) -> Option<Trip> {
    if case.kind == StatementKind::OutsideTransaction {
        return (case.acts.len() > 1).then(not_whole);
    }
    rows_under_lock(case)
}

fn not_whole() -> Trip {
    let message = "it shares a migration with other statements, which because of it are not one transaction: each \
         commits by itself";
    Trip::new(
        Rule::ConcurrentWithOthers,
        message,
        "put it into a migration of its own; the others are then one transaction",
    )
}

/// Many rows are changed while an earlier statement's lock keeps others out.
fn rows_under_lock(case: &Case<'_>) -> Option<Trip> {
    let (Act::Update { table: changed, .. } | Act::Delete { table: changed, .. }) = case.act else { return None };
    if case.route != Route::Whole || !case.scene.is_large(changed) {
        return None;
    }
    let locked = case.before().iter().find_map(|act| match act {
        Act::AlterTable { table, .. } => Some((table, Lock::AccessExclusive)),
        Act::CreateIndex { table, .. } => Some((table, Lock::Share)),
        _ => None,
    });
    let (table, lock) = locked.filter(|(table, _)| case.scene.table(table).is_some())?;
    let message = format!(
        "rows of {changed}{} are changed in the transaction of a schema change that {} until the rows are done{}",
        case.scene.sized(changed),
        lock.taken_on(table),
        case.scene.lasting(changed)
    );
    Some(Trip::new(Rule::SchemaWithRows, message, "put the rows into backfill.sql, or into a migration of their own"))
}
