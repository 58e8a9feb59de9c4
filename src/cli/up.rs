//! `windlass up`

use std::time::Duration;

use clap::Args;
use semver::Version;

use super::{
    arguments::{duration, in_doubt, snapshot_policy},
    break_lock::break_lock,
    call::{Call, open},
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    place::Place,
    run_report,
};
use crate::model::{
    digest::PlanDigest,
    loss::LossDigest,
    order::{InDoubt, Order, SnapshotPolicy},
};

/// Take the database to a newer version
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Up {
    /// To this version [default: the one the application requires]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,
    /// Print the SQL, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Whether to make a snapshot first [default: as configured]
    #[arg(long, value_name = "POLICY", value_parser = snapshot_policy())]
    pub snapshot: Option<SnapshotPolicy>,
    /// Do not validate afterwards
    #[arg(long)]
    pub no_validate: bool,
    /// What you say of a statement that was interrupted and that nothing else tells about: run it again, or go on behind it
    #[arg(long, value_name = "redo|done", value_parser = in_doubt())]
    pub in_doubt: Option<InDoubt>,
    /// Only if the plan is still the one with this digest, as windlass plan prints it
    #[arg(long, value_name = "DIGEST")]
    pub plan: Option<PlanDigest>,
    /// What the run takes away is accepted: the digest of the list, as windlass plan prints it
    #[arg(long, value_name = "DIGEST")]
    pub accept_loss: Option<LossDigest>,
    /// Go on release by release instead of one release only
    #[arg(long)]
    pub through: bool,
    /// How long to wait while another run is at work [default: as configured]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait: Option<Duration>,
    /// First end, at the database server, the session of whoever holds the lock
    #[arg(long)]
    pub break_lock: bool,
}

impl Up {
    /// The order that these words mean.
    #[must_use]
    pub fn order(&self) -> Order {
        Order::Migrate {
            to: self.to.clone(),
            dry_run: self.dry_run,
            snapshot: self.snapshot,
            validate: !self.no_validate,
            in_doubt: self.in_doubt,
            plan: self.plan.clone(),
            accept_loss: self.accept_loss.clone(),
        }
    }
}

pub(super) async fn run(up: Up, call: &Call) -> Result<Exit, Failure> {
    let place = place(&up, call)?;
    if up.break_lock {
        break_lock(call, &place).await?;
    }
    let job = carry_out(call, &place, &up.order(), up.wait).await?;
    run_report::print(call.output, &job);
    outcome(&job)
}

fn place(up: &Up, call: &Call) -> Result<Place, Failure> {
    match call.server()? {
        Some(_) if up.through => {
            let detail = "--through is not for a server: how far a run may go is its own setting, policy.path";
            Err(Failure::usage(detail).next("leave out --through; windlass plan shows how far it goes"))
        }
        Some(remote) => Ok(Place::There(remote)),
        None => {
            let through = up.through.then(|| ("policy.path", "through".to_owned()));
            Ok(Place::Here(Box::new(open(call.config(through.as_slice())?)?)))
        }
    }
}
