//! Letting go of snapshots that nobody needs any more.

use std::collections::BTreeMap;

use super::{Assignment, Ended, Held, Target, problem, read_history, snapshot};
use crate::{
    model::{
        archive::{PruneReport, PruneRule, Pruned},
        job::JobProblem,
        snapshot::{Listed, SnapshotId},
    },
    plan,
};

/// Removes what the rule lets go; where it says nothing, what the settings let go.
pub async fn ordered(target: &Target, told: &Assignment, held: &mut Held, rule: &PruneRule, dry_run: bool) -> Ended {
    let mut report = PruneReport { dry_run, ..PruneReport::default() };
    match prune(target, told, held, rule, &mut report).await {
        Ok(()) => Ended::well(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, serde_json::to_value(&report).ok())
        }
    }
}

async fn prune(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    rule: &PruneRule,
    report: &mut PruneReport,
) -> Result<(), JobProblem> {
    told.step("looking at the snapshots");
    let listed = target.archive.list().await.map_err(|error| problem::archive(&error))?.snapshots;
    let needed = needed(target, held).await?;
    let settings = &target.config.snapshots;
    let rule = if rule.is_empty() { settings.retention() } else { rule.clone() };
    let retention = plan::retention(&listed, &rule, target.clock.now(), &needed);
    let by_id: BTreeMap<SnapshotId, &Listed> = listed.iter().map(|listed| (listed.manifest.id, listed)).collect();
    report.kept_back = retention.kept_back;
    report.left = listed.len();
    told.progress.update(|progress| progress.count(0, retention.doomed.len() as u64));
    for id in retention.doomed {
        if told.is_stopping() {
            break;
        }
        if !report.dry_run {
            target.archive.remove(id).await.map_err(|error| problem::archive(&error))?;
            told.info(format!("snapshot {id} removed"));
        }
        if let Some(Listed { manifest, .. }) = by_id.get(&id) {
            let bytes = manifest.stored_bytes();
            report.removed.push(Pruned { id, created_at: manifest.created_at, bytes });
            report.freed_bytes += bytes;
            report.left -= 1;
        }
        told.progress.update(|progress| progress.count(report.removed.len() as u64, progress.total));
    }
    Ok(())
}

/// The snapshots that the way back from where the target stands leads to.
async fn needed(target: &Target, held: &mut Held) -> Result<BTreeMap<SnapshotId, String>, JobProblem> {
    let session = held.session().map_err(problem::untouched)?;
    let history = read_history(session, target.engine.words()).await.map_err(problem::untouched)?;
    let last = history.applied.last().and_then(|row| row.run_id.clone());
    let interrupted = history.unfinished.as_ref().map(|left| left.run_id.clone());
    let runs =
        [(last, "the last run is taken back with it"), (interrupted, "the interrupted run is taken back with it")];
    let mut needed = BTreeMap::new();
    for (run, reason) in runs {
        let Some(run) = run else { continue };
        if let Some(id) = snapshot::under_run(target, &run).await? {
            needed.insert(id, reason.to_owned());
        }
    }
    Ok(needed)
}
