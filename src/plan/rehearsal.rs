//! What rehearsals brought: whether it still holds, and what a plan has to say about it.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use sha2::{Digest, Sha256};

use super::Facts;
use crate::model::{
    finding::Finding,
    migration::Migration,
    order::RollbackPolicy,
    plan::RollbackKind,
    rehearsal::{KeptRehearsal, Rehearsed},
};

/// How many findings of a rehearsal a plan repeats.
const REPEATED_MAX: usize = 3;

/// The digest of everything that a verdict depends on: both scripts, the schema before them (by its fingerprint), and which
/// server it is.
#[must_use]
pub fn inputs(migration: &Migration, before: &str, server: &str) -> String {
    let down = migration.down.as_ref();
    let down: Option<Vec<&str>> = down.map(|down| down.statements.iter().map(|one| one.sql.as_str()).collect());
    // The debug form quotes texts and keeps parts apart.
    let parts = format!("{:?}", (&migration.checksum, migration.transactional, down, before, server));
    Sha256::digest(parts).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What of `kept` holds for the migrations that come next, in their order, on a target whose schema has the fingerprint `now`.
/// What was rehearsed behind a migration that would now leave another schema, or that was never rehearsed, does not.
#[must_use]
pub fn what_holds<'a>(
    next: impl Iterator<Item = &'a Migration>,
    kept: &[KeptRehearsal],
    now: &str,
    server: &str,
) -> BTreeMap<String, Rehearsed> {
    let by_inputs: HashMap<&str, &KeptRehearsal> = kept.iter().map(|one| (one.inputs.as_str(), one)).collect();
    let mut holds = BTreeMap::new();
    let mut before = now;
    for migration in next {
        let Some(found) = by_inputs.get(inputs(migration, before, server).as_str()) else { break };
        before = &found.after;
        holds.insert(migration.identity.to_string(), found.rehearsed.clone());
    }
    holds
}

/// What its latest rehearsal brought that still holds.
pub(super) fn of<'a>(facts: &Facts<'a>, migration: &Migration) -> Option<&'a Rehearsed> {
    facts.rehearsed?.get(&migration.identity.to_string())
}

/// How it can be taken back.
pub(super) fn verdict(facts: &Facts<'_>, migration: &Migration) -> RollbackKind {
    match (of(facts, migration), &migration.down) {
        (_, None) => RollbackKind::None,
        (Some(rehearsed), _) => rehearsed.verdict,
        (None, _) => RollbackKind::Claimed,
    }
}

/// A way back that a rehearsal found wanting, and, by policy, one that none has proven. Nothing is said where nobody looked.
pub(super) fn of_migration(facts: &Facts<'_>, migration: &Migration) -> Option<Finding> {
    facts.rehearsed?;
    let id = migration.identity.to_string();
    let is_demanded = facts.needs.rollback == RollbackPolicy::Proven;
    let (message, remedy) = match verdict(facts, migration) {
        RollbackKind::Proven => return None,
        RollbackKind::Partial => {
            let findings = of(facts, migration).map(|rehearsed| rehearsed.findings.as_slice()).unwrap_or_default();
            let told: Vec<String> =
                findings.iter().take(REPEATED_MAX).map(|found| format!("{}: {}", found.place, found.message)).collect();
            let more = findings.len().saturating_sub(REPEATED_MAX);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let message = format!(
                "a rehearsal found that its way back does not restore what was there: {}{more}",
                told.join("; ")
            );
            (message, "mend its down script, then: windlass rehearse")
        }
        _ if !is_demanded => return None,
        RollbackKind::Claimed => {
            ("no rehearsal has proven its way back as it is now (policy.rollback)".to_owned(), "windlass rehearse")
        }
        RollbackKind::None => (
            "it has no down script, so that its way back cannot be proven (policy.rollback)".to_owned(),
            "write a down script, then: windlass rehearse",
        ),
    };
    let finding = if is_demanded {
        Finding::critical("rollback-not-proven", id, message)
    } else {
        Finding::warning("rollback-partial", id, message)
    };
    Some(finding.remedy(remedy))
}
