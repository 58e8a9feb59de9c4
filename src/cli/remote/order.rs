//! Orders as requests.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::{
    cli::failure::Failure,
    model::{
        archive::PruneRule,
        order::{Order, Restore, RollbackGoal, SafetyNet},
    },
};

/// The route below `/api/migration` that takes an order, and the body it is given.
///
/// # Errors
/// An order that a service does not take.
pub(super) fn request(order: &Order) -> Result<(Vec<String>, Value), Failure> {
    let (path, body) = words(order)?;
    Ok((path.split('/').map(str::to_owned).collect(), body))
}

fn words(order: &Order) -> Result<(Cow<'static, str>, Value), Failure> {
    match order {
        Order::Migrate { to, dry_run, snapshot, validate, in_doubt, plan, accept_loss } => Ok((
            "start".into(),
            json!({"to": to, "dry_run": dry_run, "snapshot": snapshot, "validate": validate, "in_doubt": in_doubt,
                   "plan": plan, "accept_loss": accept_loss}),
        )),
        Order::Rollback { goal, dry_run, accept_loss } => {
            let mut body = rollback(goal, *dry_run);
            body["accept_loss"] = json!(accept_loss);
            Ok(("rollback".into(), body))
        }
        Order::Snapshot { message, tags, notes, export } => {
            Ok(("snapshot".into(), json!({"message": message, "tags": tags, "notes": notes, "export": export})))
        }
        Order::Verify { snapshot: Some(id), deep } => {
            Ok((format!("snapshots/{id}/verify").into(), json!({"deep": deep})))
        }
        Order::Verify { snapshot: None, .. } => Err(Failure::only_here("windlass snapshot verify --all")),
        Order::Restore(Restore { snapshot, into, dry_run, force }) => Ok((
            format!("snapshots/{snapshot}/restore").into(),
            json!({"into": into, "dry_run": dry_run, "force": force}),
        )),
        Order::Prune { rule: PruneRule { older_than_days, keep, tag }, dry_run } => Ok((
            "snapshots/prune".into(),
            json!({"older_than_days": older_than_days, "keep": keep, "tag": tag, "dry_run": dry_run}),
        )),
        Order::Validate { deep, net } => Ok((
            "validate".into(),
            json!({"deep": deep, "declared": *net != SafetyNet::Off, "add_missing": *net == SafetyNet::Add}),
        )),
        Order::VerifyUpgrade => Ok(("verify-upgrade".into(), json!({}))),
        Order::Rehearse { to, from } => Ok(("rehearse".into(), json!({"to": to, "from": from}))),
        Order::Test { .. } => Err(Failure::only_here("windlass test")),
        Order::Recover => Ok(("start".into(), json!({}))),
        Order::Baseline { .. } | Order::Adopt { .. } | Order::Unadopt => Err(Failure::only_here("windlass adopt")),
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
