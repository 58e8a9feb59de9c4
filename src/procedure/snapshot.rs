//! Making a restorable copy: dump → folder, and the manifest last.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use super::{Assignment, Ended, Held, Target, problem, read_history};
use crate::{
    engine::{EngineError, bookkeeping::journal},
    model::{
        history::History,
        job::JobProblem,
        report::RunReport,
        snapshot::{Manifest, SnapshotId},
    },
    snapshot::Written,
};

/// Pieces of a dump that may be on their way at once.
const PIECES_MAX: usize = 16;

/// What a person says of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// In one line.
    pub message: Option<String>,
    /// To find it by.
    pub tags: Vec<String>,
    /// Longer.
    pub notes: Option<String>,
}

/// Makes a snapshot because somebody asked for it.
pub async fn ordered(target: &Target, told: &Assignment, held: &mut Held, labels: Labels) -> Ended {
    match begun(target, told, held).await {
        Err(EngineError::Cancelled) => return Ended::paused(&()),
        Err(error) => return Ended::badly(problem::untouched(error), None),
        Ok(()) => {}
    }
    match take(target, told, held, labels).await {
        Ok(manifest) => Ended::well(&manifest),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, None)
        }
    }
}

/// Says who holds the lock, and leaves nothing half restored.
async fn begun(target: &Target, told: &Assignment, held: &mut Held) -> Result<(), EngineError> {
    held.begin_to_look(target, told).await?;
    if held.epoch > 0 {
        held.finish_restore(target, told).await?;
    }
    Ok(())
}

/// Makes a snapshot of the target as it is. The lock is held, so no run of ours changes it meanwhile.
///
/// # Errors
/// The problem; nothing is published then.
pub async fn take(target: &Target, told: &Assignment, held: &mut Held, labels: Labels) -> Result<Manifest, JobProblem> {
    told.step("snapshot");
    let is_half = held.is_half;
    let asked = |error: EngineError| problem::engine(&error, problem::UNTOUCHED);
    let session = held.session().map_err(asked)?;
    let history = read_history(session, target.engine.words()).await.map_err(asked)?;
    if let Some(left) = history.unfinished.as_ref().filter(|left| left.snapshot.is_some() && !is_half) {
        return Err(problem::half_restored(left));
    }
    let fingerprint = session.schema(None).await.map_err(asked)?.fingerprint();
    let tables = session.count_rows().await.map_err(asked)?;
    let server = session.server().clone();
    let id = SnapshotId::fresh();
    failpoint!("snap.before", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    let (tool, written) = held.awake(copy(target, told, id)).await?;
    failpoint!("snap.dumped", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    let tables = steady(tables, &held.session().map_err(asked)?.count_rows().await.map_err(asked)?);
    let manifest = Manifest {
        id,
        format: 1,
        created_at: target.clock.now(),
        created_by: told.by.to_string(),
        message: labels.message,
        tags: labels.tags,
        notes: labels.notes,
        target: target.name.to_string(),
        engine: server.product.to_owned(),
        server_version: server.version,
        tool,
        backend_version: backend(target, &history).await,
        db_version: history.version,
        history: history.applied,
        schema_fingerprint: fingerprint,
        tables,
        open_by_hand: target.engine.open_by_hand().replace("{payload}", &written.payload),
        payload: written.payload,
        payload_bytes: written.payload_bytes,
        payload_sha256: written.payload_sha256,
        dump_sha256: written.dump_sha256,
        dump_bytes: written.dump_bytes,
    };
    target.folder.publish(&manifest).await.map_err(|error| problem::archive(&error))?;
    failpoint!("snap.published", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    told.info(format!("snapshot {id} made: {} bytes by {}", manifest.payload_bytes, manifest.tool));
    Ok(manifest)
}

/// The counts that were the same before and after the dump: what the application wrote to meanwhile cannot be compared.
fn steady(before: BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    before.into_iter().filter(|(table, rows)| after.get(table) == Some(rows)).collect()
}

/// The application's version; without a readable catalog, the database's own.
async fn backend(target: &Target, history: &History) -> semver::Version {
    let fallback = || history.version.clone().unwrap_or_else(|| semver::Version::new(0, 0, 0));
    match target.catalog().await {
        Ok(catalog) => target.needs(&catalog).backend,
        Err(_) => target.config.app.version.clone().unwrap_or_else(fallback),
    }
}

/// The engine's dump and the folder's writing, side by side over a bounded channel.
async fn copy(target: &Target, told: &Assignment, id: SnapshotId) -> Result<(String, Written), JobProblem> {
    let scratch = target.folder.scratch().await.map_err(|error| problem::archive(&error))?;
    let (sink, source) = mpsc::channel(PIECES_MAX);
    let progress = told.progress.clone();
    let copied = move |bytes: u64| progress.update(|p| p.step = format!("snapshot, {} MB so far", bytes >> 20));
    let writing = target.folder.create(id, target.engine.dump_ending(), source, copied);
    let (dumped, written) = tokio::join!(target.engine.dump(scratch.path(), sink), writing);
    let failed = match (dumped, written) {
        (Ok(tool), Ok(written)) => return Ok((tool, written)),
        (Err(error), _) => problem::engine(&error, problem::UNTOUCHED),
        (_, Err(error)) => problem::archive(&error),
    };
    // What was written of it is no snapshot; a leftover is swept up by the next run.
    let _ = target.folder.remove(id).await;
    Err(failed)
}

/// The tag that a snapshot bears for the run above it.
pub fn tag_of_run(run: &str) -> String {
    format!("run-{run}")
}

/// The snapshot under a run, as the run's job tells it, or by its tag where the run did not come to its end.
///
/// # Errors
/// When our own database cannot be used.
pub async fn under_run(target: &Target, run: &str) -> Result<Option<SnapshotId>, JobProblem> {
    let Ok(id) = run.parse() else { return Ok(None) };
    let job = target.store.job(id).await.map_err(|error| problem::store(&error))?;
    let report = job.and_then(|job| job.result).and_then(|json| serde_json::from_value::<RunReport>(json).ok());
    if let Some(told) = report.and_then(|report| report.snapshot) {
        return Ok(Some(told));
    }
    let tag = tag_of_run(run);
    let there = target.folder.list().await.map_err(|error| problem::archive(&error))?;
    Ok(there.manifests.into_iter().find(|manifest| manifest.tags.contains(&tag)).map(|manifest| manifest.id))
}

/// A problem whose way back names the snapshot under the run that was interrupted, where there is one.
pub async fn named(target: &Target, held: &mut Held, problem: JobProblem, known: Option<SnapshotId>) -> JobProblem {
    const PLACE: &str = "--snapshot <id>";
    if !problem.next_step.contains(PLACE) {
        return problem;
    }
    let left = match held.session() {
        Ok(session) => journal::unfinished(session).await.ok().flatten(),
        Err(_) => None,
    };
    let under = match left {
        Some(left) => under_run(target, &left.run.to_string()).await.ok().flatten(),
        None => None,
    };
    match under.or(known) {
        Some(id) => {
            let next_step = problem.next_step.replace(PLACE, &format!("--snapshot {id}"));
            JobProblem { next_step, ..problem }
        }
        None => problem,
    }
}
