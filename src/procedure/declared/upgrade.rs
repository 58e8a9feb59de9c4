//! Fresh = upgraded: what the declared schema makes, held against what every migration makes from nothing.

use tokio::time::Instant;

use super::{Declared, beside, made, none_declared, problem, repair, unusable, written};
use crate::{
    model::{
        finding::{Finding, Severity},
        report::UpgradeReport,
    },
    plan::{self, Against},
    procedure::{
        Assignment, Ended, Held, Target,
        migrate::{Short, ms_since},
        replay::replay,
    },
};

/// The two databases that are made.
const STEPS: u64 = 2;

/// Compares them. The target is asked for nothing but where it is.
pub async fn verify(target: &Target, told: &Assignment, held: &mut Held) -> Ended {
    let started = Instant::now();
    let mut report = UpgradeReport::default();
    let ended = go(target, told, held, &mut report).await;
    report.execution_time_ms = ms_since(started);
    report.equal = ended.is_ok() && !report.findings.iter().any(|found| found.severity > Severity::Info);
    Ended::with(ended, told, &report)
}

async fn go(target: &Target, told: &Assignment, held: &mut Held, report: &mut UpgradeReport) -> Result<(), Short> {
    let as_written = written(target).await?.ok_or_else(|| none_declared(target))?;
    let catalog = target.catalog().await.map_err(|error| unusable(&error))?;
    let place = beside::place(target, told).await?;
    told.progress.update(|progress| progress.count(0, STEPS));
    let fresh = made(target, told, held, &place, as_written).await?;
    told.progress.update(|progress| progress.count(1, STEPS));
    told.step(format!("running {} migrations from nothing", catalog.migrations.len()));
    let replaying = replay(target, told, &place, catalog.as_ref().clone(), problem::not_upgraded);
    let upgraded = held.awake(Box::pin(replaying)).await?;
    told.progress.update(|progress| progress.count(STEPS, STEPS));
    report.declared = fresh.as_written.up.file.to_string();
    report.server.clone_from(&fresh.made.server);
    report.migrations = catalog.migrations.len() as u64;
    let Declared { made, .. } = &fresh;
    let found = plan::drift(&made.schema, &upgraded.schema, Against::Fresh);
    report.findings = repair::shown(target, &fresh, found);
    report.findings.extend(plan::other_order(&made.schema, &upgraded.schema));
    told.info(in_words(&report.findings));
    Ok(())
}

/// How many differences there are.
fn in_words(findings: &[Finding]) -> String {
    let count = findings.iter().filter(|found| found.severity > Severity::Info).count();
    match count {
        0 => "both schemas are the same".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    }
}
