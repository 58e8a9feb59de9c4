//! `windlass down`

use clap::Args;
use semver::Version;
use ulid::Ulid;

use super::{
    break_lock::break_lock,
    call::Call,
    carry_out::{carry_out, outcome},
    confirm::{confirm, is_asked},
    exit::Exit,
    failure::Failure,
    loss,
    output::Output,
    place::{News, Place},
    run_report, words,
};
use crate::model::{
    loss::LossDigest,
    order::{Order, RollbackGoal},
    report::RunReport,
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
    /// What the rollback takes away is accepted: the digest of the list, as --dry-run prints it
    #[arg(long, value_name = "DIGEST")]
    pub accept_loss: Option<LossDigest>,
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
    take_back(down.goal(), down.dry_run, down.accept_loss, call, &place).await
}

/// Takes the target back to `goal`, after a question. A person at a terminal is shown what that would take away, and accepts
/// it with the answer.
///
/// # Errors
/// When a person says no, the order is not taken, or the job does not reach its goal.
pub(super) async fn take_back(
    goal: RollbackGoal,
    dry_run: bool,
    accept_loss: Option<LossDigest>,
    call: &Call,
    place: &Place,
) -> Result<Exit, Failure> {
    let mut accept_loss = accept_loss;
    if !dry_run {
        if accept_loss.is_none() && is_asked(call) {
            accept_loss = shown(&goal, place).await?;
        }
        confirm(call, &format!("Take the database {} {}?", place.database(), in_words(&goal)))?;
    }
    let job = carry_out(call, place, &Order::Rollback { goal, dry_run, accept_loss }, None).await?;
    run_report::print(call.output, &job);
    outcome(&job)
}

/// Shows what a rollback would take away; gives the digest that says so. What keeps it from being counted is for the rollback
/// itself to tell.
async fn shown(goal: &RollbackGoal, place: &Place) -> Result<Option<LossDigest>, Failure> {
    let order = Order::Rollback { goal: goal.clone(), dry_run: true, accept_loss: None };
    let mut job = place.submit(&order, &Ulid::generate().to_string()).await?;
    let mut following = place.follow(job.clone());
    while !job.state.is_final() {
        if let News::Ended(ended) = following.next().await? {
            job = *ended;
        }
    }
    let report = job.result.and_then(|result| serde_json::from_value::<RunReport>(result).ok());
    let Some(loss) = report.and_then(|report| report.loss).filter(|loss| !loss.is_nothing()) else { return Ok(None) };
    Output::aside(|page| loss::listed(page, &loss));
    Ok(Some(loss.digest))
}

fn in_words(goal: &RollbackGoal) -> String {
    match goal {
        RollbackGoal::LastRun => "back to before the last run".to_owned(),
        RollbackGoal::Steps(steps) => format!("{} back", words::count(*steps as usize, "migration")),
        RollbackGoal::Version(version) => format!("back to {version}"),
        RollbackGoal::Snapshot(snapshot) => format!("back to snapshot {snapshot}; what came after it is lost"),
    }
}
