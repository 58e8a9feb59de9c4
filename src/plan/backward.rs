//! The plan of a rollback by down scripts.

use semver::Version;

use super::{Facts, steps};
use crate::model::{
    finding::Finding,
    history::Applied,
    migration::{Direction, Migration},
    order::RollbackGoal,
    plan::{PlannedMigration, RollbackKind},
};

/// What a rollback would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backward {
    /// What would be taken back, newest first.
    pub migrations: Vec<PlannedMigration>,
    /// The version afterwards.
    pub version: Option<Version>,
    /// Why it cannot be done by down scripts; empty when it can.
    pub blocking: Vec<Finding>,
    /// The run that is undone, when the goal was the last run.
    pub run: Option<String>,
}

/// What taking the target back to `goal` by down scripts would do. A snapshot goal takes back nothing here.
#[must_use]
pub fn backward(facts: &Facts<'_>, goal: &RollbackGoal, with_sql: bool) -> Backward {
    let rows = &facts.history.applied;
    let (keep, run) = kept_of(rows, goal);
    let mut backward =
        Backward { version: keep.checked_sub(1).map(|at| rows[at].version.clone()), run, ..Backward::default() };
    backward.blocking.extend(of_goal(facts, goal, keep));
    for (row, migration) in facts.applied().skip(keep).collect::<Vec<_>>().into_iter().rev() {
        match taken_back(facts, row, migration, with_sql) {
            Ok(planned) => backward.migrations.push(planned),
            Err(finding) => backward.blocking.push(finding),
        }
    }
    backward
}

/// How many rows of the history stay when the target goes back to `goal`.
#[must_use]
pub fn kept(rows: &[Applied], goal: &RollbackGoal) -> usize {
    kept_of(rows, goal).0
}

/// The same, with the run that is undone when the goal is the last one.
fn kept_of(rows: &[Applied], goal: &RollbackGoal) -> (usize, Option<String>) {
    match goal {
        RollbackGoal::Steps(steps) => (rows.len().saturating_sub(*steps as usize), None),
        RollbackGoal::Version(version) => {
            (rows.iter().rposition(|row| row.version <= *version).map_or(0, |at| at + 1), None)
        }
        RollbackGoal::LastRun => last_run(rows),
        RollbackGoal::Snapshot(_) => (rows.len(), None),
    }
}

/// How many rows stay when the newest run is undone.
fn last_run(rows: &[Applied]) -> (usize, Option<String>) {
    let Some(last) = rows.last() else { return (0, None) };
    match &last.run_id {
        Some(run) => {
            let keep = rows.iter().rposition(|row| row.run_id.as_ref() != Some(run)).map_or(0, |at| at + 1);
            (keep, Some(run.clone()))
        }
        None => (rows.len() - 1, None),
    }
}

fn of_goal(facts: &Facts<'_>, goal: &RollbackGoal, keep: usize) -> Option<Finding> {
    let rows = &facts.history.applied;
    match goal {
        RollbackGoal::Version(version) if !rows.iter().any(|row| row.version == *version) => Some(
            Finding::critical("never-applied", version.to_string(), format!("the database never was at {version}"))
                .remedy("name a version that windlass status lists"),
        ),
        RollbackGoal::Steps(steps) if *steps as usize > rows.len() => Some(
            Finding::critical(
                "too-many-steps",
                facts.site.target,
                format!("only {} migrations were applied", rows.len()),
            )
            .remedy(format!("ask for at most {} steps", rows.len())),
        ),
        // To be there already is no fault: the same order twice does what it says once.
        RollbackGoal::Snapshot(_) | RollbackGoal::Version(_) | RollbackGoal::Steps(0) => None,
        _ if keep == rows.len() => {
            Some(Finding::critical("nothing-to-undo", facts.site.target, "there is nothing to take back"))
        }
        _ => None,
    }
}

fn taken_back(
    facts: &Facts<'_>,
    row: &Applied,
    migration: Option<&Migration>,
    with_sql: bool,
) -> Result<PlannedMigration, Finding> {
    let name = row.name.clone().unwrap_or_else(|| format!("migration {}", row.number));
    let migration = migration.ok_or_else(|| {
        Finding::critical(
            "not-in-catalog",
            name.clone(),
            "it was applied, and neither the catalog nor the database's archive has it",
        )
        .remedy("use the release that has it, or go back to a snapshot: windlass down --snapshot <id>")
    })?;
    if !row.success {
        return Ok(PlannedMigration { statements: Vec::new(), ..step(facts, migration, row, with_sql) });
    }
    match &migration.down {
        Some(_) => Ok(step(facts, migration, row, with_sql)),
        None => Err(Finding::critical("no-way-back", name, "it has no down script")
            .remedy("go back to a snapshot: windlass down --snapshot <id>")),
    }
}

fn step(facts: &Facts<'_>, migration: &Migration, row: &Applied, with_sql: bool) -> PlannedMigration {
    let planned = steps::planned(facts, migration, Direction::Down, row.number, with_sql);
    PlannedMigration { rollback: RollbackKind::None, ..planned }
}
