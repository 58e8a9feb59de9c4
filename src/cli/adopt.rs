//! `windlass adopt`

use clap::Args;
use semver::Version;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    run_report,
};
use crate::model::order::Order;

/// Record what a database without history holds; changes none of its tables
#[derive(Debug, Args)]
pub struct Adopt {
    /// It holds everything up to this version
    #[arg(long, value_name = "VERSION")]
    pub baseline: Version,
}

pub(super) async fn run(adopt: Adopt, call: &Call) -> Result<Exit, Failure> {
    call.only_here("windlass adopt")?;
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Baseline { version: adopt.baseline }, None).await?;
    run_report::print(call.output, &job);
    outcome(&job)
}
