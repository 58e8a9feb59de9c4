//! `windlass verify-upgrade`

use serde::Deserialize;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    run_report::findings,
    words,
};
use crate::model::{order::Order, report::UpgradeReport};

/// Exits with 0 when a fresh installation and an upgraded database have the same schema, with 2 when they have not.
pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::VerifyUpgrade, None).await?;
    let report = job.result.as_ref().and_then(|result| UpgradeReport::deserialize(result).ok());
    call.output.result(&job, |page| match &report {
        Some(report) if job.problem.is_none() => findings(page, &report.findings).line(summary(report)),
        _ => page,
    });
    match (outcome(&job)?, report) {
        (Exit::Fine, Some(report)) if !report.equal => Ok(Exit::Critical),
        (exit, _) => Ok(exit),
    }
}

fn summary(report: &UpgradeReport) -> String {
    let UpgradeReport { equal, server, declared, migrations, .. } = report;
    let migrations = words::count(usize::try_from(*migrations).unwrap_or(usize::MAX), "migration");
    let verdict = if *equal { "make the same schema" } else { "make different schemas" };
    format!("{declared} and {migrations} {verdict} on {server}, in {}", words::duration(report.execution_time_ms))
}
