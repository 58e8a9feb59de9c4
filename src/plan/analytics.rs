//! What past jobs tell.

use std::collections::BTreeMap;

use crate::model::{
    analytics::{Analytics, KindTimes, MigrationTimes, Times},
    job::{Job, JobState},
    report::{MigrationResult, RunReport},
};

/// What these jobs tell: those that have not ended are passed over.
#[must_use]
pub fn analytics(jobs: &[Job]) -> Analytics {
    let ended: Vec<&Job> = jobs.iter().filter(|job| job.state.is_final()).collect();
    let mut kinds: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
    for job in &ended {
        kinds.entry(job.kind.as_str()).or_default().push(job);
    }
    Analytics {
        jobs: u32::try_from(ended.len()).unwrap_or(u32::MAX),
        kinds: kinds.into_values().filter_map(|jobs| of_kind(&jobs)).collect(),
        migrations: migrations(&ended),
    }
}

fn of_kind(jobs: &[&Job]) -> Option<KindTimes> {
    let count = |state| u32::try_from(jobs.iter().filter(|job| job.state == state).count()).unwrap_or(u32::MAX);
    let took = |job: &&&Job| {
        let ms = (job.finished_at? - job.started_at?).num_milliseconds();
        u64::try_from(ms).ok()
    };
    Some(KindTimes {
        kind: jobs.first()?.kind,
        succeeded: count(JobState::Succeeded),
        failed: count(JobState::Failed),
        paused: count(JobState::Paused),
        interrupted: count(JobState::Interrupted),
        times: times(jobs.iter().filter(|job| job.state == JobState::Succeeded).filter_map(|job| took(&job)).collect()),
        last_at: jobs.iter().filter_map(|job| job.finished_at).max(),
    })
}

fn migrations(jobs: &[&Job]) -> Vec<MigrationTimes> {
    let reports = jobs.iter().filter_map(|job| serde_json::from_value::<RunReport>(job.result.clone()?).ok());
    let mut results: BTreeMap<(String, &str), Vec<MigrationResult>> = BTreeMap::new();
    for result in reports.filter(|report| !report.dry_run).flat_map(|report| report.migrations) {
        results.entry((result.id.clone(), result.direction.as_str())).or_default().push(result);
    }
    let mut found: Vec<MigrationTimes> = results.into_values().filter_map(|results| of_migration(&results)).collect();
    found.sort_by_key(|migration| std::cmp::Reverse(migration.times.map(|times| times.most_ms)));
    found
}

fn of_migration(results: &[MigrationResult]) -> Option<MigrationTimes> {
    let first = results.first()?;
    let done: Vec<u64> =
        results.iter().filter(|result| result.success).map(|result| result.execution_time_ms).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(MigrationTimes {
        id: first.id.clone(),
        direction: first.direction,
        succeeded: count(done.len()),
        failed: count(results.len() - done.len()),
        times: times(done),
    })
}

fn times(mut took: Vec<u64>) -> Option<Times> {
    took.sort_unstable();
    Some(Times { least_ms: *took.first()?, median_ms: took[took.len() / 2], most_ms: *took.last()? })
}
