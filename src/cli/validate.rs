//! `windlass validate`

use clap::Args;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    run_report::findings,
    words,
};
use crate::model::{order::Order, report::ValidationReport};

/// Check what is in the database against its history and the catalog
#[derive(Debug, Args)]
pub struct Validate {
    /// Also look at every row
    #[arg(long)]
    pub deep: bool,
}

pub(super) async fn run(validate: Validate, call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Validate { deep: validate.deep }, None).await?;
    let report = job.result.clone().and_then(|result| serde_json::from_value::<ValidationReport>(result).ok());
    call.output.result(&job, |page| match &report {
        None => page,
        Some(report) => {
            findings(page, report.critical_issues.iter().chain(&report.warnings).chain(&report.info)).line(format!(
                "{} made: {} critical, {}",
                words::count(report.checks as usize, "check"),
                report.critical_issues.len(),
                words::count(report.warnings.len(), "warning"),
            ))
        }
    });
    match (outcome(&job)?, report) {
        (Exit::Fine, Some(report)) if !report.overall => Ok(Exit::Critical),
        (exit, _) => Ok(exit),
    }
}
