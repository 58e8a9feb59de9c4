//! Orders as requests.

use serde_json::{Value, json};

use crate::{
    cli::failure::Failure,
    model::order::{Order, RollbackGoal},
};

/// The route below `/api/migration` that takes an order, and the body it is given.
///
/// # Errors
/// An order that a service does not take.
pub(super) fn request(order: &Order) -> Result<(&'static str, Value), Failure> {
    match order {
        Order::Migrate { to, dry_run, snapshot, validate, in_doubt } => Ok((
            "start",
            json!({"to": to, "dry_run": dry_run, "snapshot": snapshot, "validate": validate, "in_doubt": in_doubt}),
        )),
        Order::Rollback { goal, dry_run } => Ok(("rollback", rollback(goal, *dry_run))),
        Order::Snapshot { message, tags, notes } => {
            Ok(("snapshot", json!({"message": message, "tags": tags, "notes": notes})))
        }
        Order::Validate { deep } => Ok(("validate", json!({"deep": deep}))),
        Order::Recover => Ok(("start", json!({}))),
        Order::Baseline { .. } => Err(Failure::only_here("windlass adopt")),
    }
}

fn rollback(goal: &RollbackGoal, dry_run: bool) -> Value {
    match goal {
        RollbackGoal::LastRun => json!({"dry_run": dry_run}),
        RollbackGoal::Steps(steps) => json!({"dry_run": dry_run, "steps": steps}),
        RollbackGoal::Version(version) => json!({"dry_run": dry_run, "to_version": version}),
        RollbackGoal::Snapshot(id) => json!({"dry_run": dry_run, "snapshot": id}),
    }
}
