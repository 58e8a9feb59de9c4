//! The answer the frontend polls for, from what was seen.

use chrono::{DateTime, Utc};

use super::{Facts, compatibility};
use crate::model::{
    compatibility::{Compatibility, Standing},
    health::{Condition, Health, LastMigration, PendingMigration},
    history::Applied,
};

/// How a target stands that answered. A run at work says more than what it is about to change, but not that an application fits
/// which is too old.
fn condition(facts: &Facts<'_>, answer: &Compatibility, running: bool) -> Condition {
    match answer.standing {
        _ if facts.history.unfinished.is_some() && !running => Condition::Interrupted,
        Standing::Ahead if !answer.compatible => Condition::Ahead,
        _ if running => Condition::Migrating,
        _ if !answer.compatible || facts.required().next().is_some() => Condition::Behind,
        _ => Condition::Ready,
    }
}

/// How a target stands that answered, and its health, from what was seen at `checked_at`.
#[must_use]
pub fn health(facts: &Facts<'_>, running: bool, checked_at: DateTime<Utc>) -> (Condition, Health) {
    let answer = compatibility(facts);
    let condition = condition(facts, &answer, running);
    let pending: Vec<PendingMigration> = (facts.history.next_number()..)
        .zip(facts.required())
        .map(|(number, migration)| PendingMigration {
            number,
            version: migration.identity.version.clone(),
            description: migration.description.clone(),
        })
        .collect();
    let interrupted = condition == Condition::Interrupted;
    let health = Health {
        status: condition.status(),
        backend_version: answer.backend_version,
        required_db_version: answer.required_db_version,
        actual_db_version: answer.actual_db_version,
        migrations_pending: !pending.is_empty(),
        pending_count: pending.len(),
        pending_migrations: pending,
        compatible: answer.compatible && !interrupted,
        migration_needed: answer.migration_needed,
        compatibility_reason: facts
            .history
            .unfinished
            .as_ref()
            .filter(|_| interrupted)
            .map_or(answer.reason, super::findings::interrupted),
        last_migration: facts.history.last().map(last_migration),
        migration_running: running,
        checked_at,
        timestamp: checked_at,
    };
    (condition, health)
}

fn last_migration(row: &Applied) -> LastMigration {
    LastMigration {
        number: row.number,
        description: row.description.clone(),
        applied_at: row.applied_at,
        applied_by: None,
    }
}
