//! `windlass validate`

use clap::Args;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    run_report::{added, findings},
    words,
};
use crate::model::{
    order::{Order, SafetyNet},
    report::ValidationReport,
};

/// Check what is in the database against its history and the catalog
#[derive(Debug, Args)]
pub struct Validate {
    /// Also look at every row
    #[arg(long)]
    pub deep: bool,
    /// Also hold it against the declared schema, which is run in a scratch database
    #[arg(long)]
    pub declared: bool,
    /// Add the tables, columns and indexes that the declared schema has and the database has not; never drops or changes
    /// anything (means --declared as well)
    #[arg(long)]
    pub add_missing: bool,
}

impl Validate {
    fn net(&self) -> SafetyNet {
        match (self.add_missing, self.declared) {
            (true, _) => SafetyNet::Add,
            (_, true) => SafetyNet::Report,
            _ => SafetyNet::Off,
        }
    }
}

pub(super) async fn run(validate: Validate, call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Validate { deep: validate.deep, net: validate.net() }, None).await?;
    let report = job.result.clone().and_then(|result| serde_json::from_value::<ValidationReport>(result).ok());
    call.output.result(&job, |page| match &report {
        None => page,
        Some(report) => {
            let page = added(page, &report.added);
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
