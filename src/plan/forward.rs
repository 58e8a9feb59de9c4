//! The plan of a run to a newer version.

use semver::Version;

use super::{Facts, compatibility, estimate, findings, risk, steps};
use crate::model::{
    finding::{Finding, Severity},
    migration::{Direction, Migration},
    order::PathPolicy,
    plan::{Hop, Plan},
};

/// What a run to `to` (`None`: the required version) would do, with the SQL when asked.
#[must_use]
pub fn forward(facts: &Facts<'_>, to: Option<&Version>, with_sql: bool) -> Plan {
    let goal = to.unwrap_or(&facts.needs.required);
    let (now, later): (Vec<&Migration>, Vec<&Migration>) =
        facts.pending().partition(|migration| migration.identity.version <= *goal);
    let hops = hops(facts, &now, with_sql);
    let mut found = facts.catalog.findings.clone();
    found.extend(findings::of_history(facts));
    found.extend(findings::of_pending(facts, &now));
    found.extend(risk::of_pending(facts, &now));
    found.extend(of_goal(facts, to, goal, &hops));
    let blocking: Vec<Finding> = found.iter().filter(|f| f.severity == Severity::Critical).cloned().collect();
    Plan {
        target: facts.site.target.to_owned(),
        digest: None,
        loss: None,
        current_version: facts.history.version.clone(),
        goal_version: hops.last().map(|hop| hop.to.clone()).or_else(|| facts.history.version.clone()),
        compatibility: compatibility(facts),
        later: later.iter().map(|migration| migration.identity.to_string()).collect(),
        estimated_ms: hops.iter().flat_map(|hop| &hop.migrations).map(|m| m.estimated_ms).sum(),
        estimated_rows: estimate::rows_in_all(facts, now.iter().map(|migration| &migration.up)),
        hops,
        findings: found,
        ready: blocking.is_empty(),
        blocking,
    }
}

fn hops(facts: &Facts<'_>, now: &[&Migration], with_sql: bool) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    let mut from = facts.history.version.clone();
    for (number, migration) in (facts.history.next_number()..).zip(now) {
        let planned = steps::planned(facts, migration, Direction::Up, number, with_sql);
        if let Some(hop) = hops.last_mut().filter(|hop| hop.to == migration.identity.version) {
            hop.migrations.push(planned);
        } else {
            let to = migration.identity.version.clone();
            hops.push(Hop { from: from.replace(to.clone()), to, migrations: vec![planned] });
        }
    }
    hops
}

fn of_goal(facts: &Facts<'_>, to: Option<&Version>, goal: &Version, hops: &[Hop]) -> Vec<Finding> {
    let known = facts.catalog.migrations.iter().any(|m| m.identity.version == *goal);
    let mut found = Vec::new();
    if !known && !facts.catalog.migrations.is_empty() {
        found.push(
            Finding::critical("unknown-version", goal.to_string(), format!("no migration leads to version {goal}"))
                .remedy("name a version of the catalog, or set app.required_db_version to one"),
        );
    }
    if let (Some(wanted), Some(actual)) = (to, facts.history.version.as_ref())
        && wanted < actual
    {
        found.push(
            Finding::critical("goal-is-older", wanted.to_string(), format!("the database is already at {actual}"))
                .remedy(format!("to go back, use rollback: windlass down --to {wanted}")),
        );
    }
    if let (PathPolicy::Next, Some(actual), [first, _, ..]) = (facts.needs.path, facts.history.version.as_ref(), hops) {
        found.push(
            Finding::critical(
                "not-next",
                goal.to_string(),
                format!("the database is at {actual}; only {} can come next, and {goal} lies behind it", first.to),
            )
            .remedy(format!("first deploy the release that requires {0}, or run: windlass up --to {0}; policy.path = \"through\" allows several at once", first.to)),
        );
    }
    found
}
