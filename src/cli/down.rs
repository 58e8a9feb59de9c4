//! `windlass down`

use clap::Args;
use semver::Version;

use super::{
    break_lock::break_lock,
    call::Call,
    carry_out::{carry_out, outcome},
    confirm::confirm,
    exit::Exit,
    failure::Failure,
    place::Place,
    run_report, words,
};
use crate::model::{
    order::{Order, RollbackGoal},
    snapshot::SnapshotId,
};

/// Take the database back, by down scripts or by a snapshot [default: to before the last run]
#[derive(Debug, Args)]
pub struct Down {
    /// This many migrations
    #[arg(long, value_name = "N", group = "goal", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// To this version
    #[arg(long, value_name = "VERSION", group = "goal")]
    pub to: Option<Version>,
    /// To what this snapshot holds
    #[arg(long, value_name = "ID", group = "goal")]
    pub snapshot: Option<SnapshotId>,
    /// Print the SQL, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// First end, at the database server, the session of whoever holds the lock
    #[arg(long)]
    pub break_lock: bool,
}

impl Down {
    /// Where these words lead.
    #[must_use]
    pub fn goal(&self) -> RollbackGoal {
        match (self.steps, &self.to, self.snapshot) {
            (Some(steps), ..) => RollbackGoal::Steps(steps),
            (_, Some(version), _) => RollbackGoal::Version(version.clone()),
            (.., Some(snapshot)) => RollbackGoal::Snapshot(snapshot),
            (None, None, None) => RollbackGoal::LastRun,
        }
    }
}

pub(super) async fn run(down: Down, call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    if down.break_lock {
        break_lock(call, &place).await?;
    }
    take_back(down.goal(), down.dry_run, call, &place).await
}

/// Takes the target back to `goal`, after a question.
///
/// # Errors
/// When a person says no, the order is not taken, or the job does not reach its goal.
pub(super) async fn take_back(goal: RollbackGoal, dry_run: bool, call: &Call, place: &Place) -> Result<Exit, Failure> {
    if !dry_run {
        confirm(call, &format!("Take the database {} {}?", place.database(), in_words(&goal)))?;
    }
    let job = carry_out(call, place, &Order::Rollback { goal, dry_run }, None).await?;
    run_report::print(call.output, &job);
    outcome(&job)
}

fn in_words(goal: &RollbackGoal) -> String {
    match goal {
        RollbackGoal::LastRun => "back to before the last run".to_owned(),
        RollbackGoal::Steps(steps) => format!("{} back", words::count(*steps as usize, "migration")),
        RollbackGoal::Version(version) => format!("back to {version}"),
        RollbackGoal::Snapshot(snapshot) => format!("back to snapshot {snapshot}; what came after it is lost"),
    }
}
