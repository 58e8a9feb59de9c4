//! Making a restorable copy: dump → archive, and the manifest last.

use tokio::sync::mpsc;

use super::{Assignment, Ended, Held, Target, circumstances, problem, read_history, space};
use crate::{
    engine::{Dumped, EngineError, bookkeeping::journal},
    model::{
        catalog::Catalog,
        history::History,
        job::JobProblem,
        report::RunReport,
        snapshot::{Export, Listed, Manifest, Scheme, SnapshotId},
    },
    snapshot::Written,
};

/// Pieces of a dump that may be on their way at once.
const PIECES_MAX: usize = 4;

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

/// Whether rows are written as lines of JSON as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// In the native dump only.
    Kept,
    /// Beside it, too.
    Exported,
}

/// Makes a snapshot because somebody asked for it.
pub async fn ordered(target: &Target, told: &Assignment, held: &mut Held, labels: Labels, export: bool) -> Ended {
    match begun(target, told, held).await {
        Err(EngineError::Cancelled) => return Ended::paused(&()),
        Err(error) => return Ended::badly(problem::untouched(error), None),
        Ok(()) => {}
    }
    let rows = if export { Rows::Exported } else { Rows::Kept };
    let taken = match space::ensure(target, told, held, &space::Work::Snapshot).await {
        Ok(()) => take(target, told, held, labels, rows).await,
        Err(problem) => Err(problem),
    };
    match taken {
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
pub async fn take(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    labels: Labels,
    rows: Rows,
) -> Result<Manifest, JobProblem> {
    told.step("snapshot");
    let is_half = held.is_half;
    let asked = |error: EngineError| problem::engine(&error, problem::UNTOUCHED);
    let session = held.session().map_err(asked)?;
    let history = read_history(session, target.engine.words()).await.map_err(asked)?;
    if let Some(left) = history.unfinished.as_ref().filter(|left| left.snapshot.is_some() && !is_half) {
        return Err(problem::half_restored(left));
    }
    let server = session.server().clone();
    let id = SnapshotId::fresh();
    failpoint!("snap.before", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    let Copied { dumped, written, export } = held.awake(copy(target, told, id, rows)).await?;
    failpoint!("snap.dumped", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    let commit = circumstances::commit(target, told).await;
    let catalog = target.catalog().await.ok();
    let manifest = Manifest {
        id,
        format: 1,
        created_at: target.clock.now(),
        created_by: told.by.to_string(),
        message: labels.message,
        tags: labels.tags,
        notes: labels.notes,
        environment: target.config.app.environment.clone(),
        checksums: circumstances::checksums(target, commit.as_ref(), catalog.as_deref(), &written),
        dependencies: circumstances::dependencies(
            &format!("{} {}", server.product, server.version),
            &dumped.tool,
            written.encryption.scheme,
        ),
        commit,
        target: target.name.to_string(),
        engine: server.product.to_owned(),
        server_version: server.version,
        backend_version: backend(target, catalog.as_deref(), &history),
        db_version: history.version,
        history: history.applied,
        schema_fingerprint: dumped.fingerprint,
        tables_count: dumped.tables.len() as u64,
        records_count: dumped.tables.values().map(|digest| digest.rows).sum(),
        tables: dumped.tables,
        tool: dumped.tool,
        database_bytes: target.engine.room().await.map_or(0, |room| room.database_bytes),
        open_by_hand: target.engine.open_by_hand().replace("{open}", &written.encryption.by_hand(&written.payload)),
        payload: written.payload,
        payload_bytes: written.payload_bytes,
        payload_sha256: written.payload_sha256,
        compressed_bytes: written.compressed_bytes,
        compressed_sha256: written.compressed_sha256,
        dump_sha256: written.dump_sha256,
        dump_bytes: written.dump_bytes,
        encryption: written.encryption,
        export,
    };
    publish(target, told, manifest).await
}

/// From now on there is a snapshot.
async fn publish(target: &Target, told: &Assignment, manifest: Manifest) -> Result<Manifest, JobProblem> {
    let id = manifest.id;
    target.archive.publish(&manifest).await.map_err(|error| problem::archive(&error))?;
    failpoint!("snap.published", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    if manifest.encryption.scheme == Scheme::None {
        told.warning(format!(
            "snapshot {id} is not encrypted (snapshots.encryption): whoever has its payload reads it"
        ));
    }
    told.info(format!("snapshot {id} made: {} bytes by {}", manifest.payload_bytes, manifest.tool));
    Ok(manifest)
}

/// What was copied.
struct Copied {
    dumped: Dumped,
    written: Written,
    export: Option<Export>,
}

/// The application's version; without a readable catalog, the database's own.
fn backend(target: &Target, catalog: Option<&Catalog>, history: &History) -> semver::Version {
    let fallback = || history.version.clone().unwrap_or_else(|| semver::Version::new(0, 0, 0));
    match catalog {
        Some(catalog) => target.needs(catalog).backend,
        None => target.config.app.version.clone().unwrap_or_else(fallback),
    }
}

/// The engine's dump and the archive's writing, side by side over bounded channels.
async fn copy(target: &Target, told: &Assignment, id: SnapshotId, rows: Rows) -> Result<Copied, JobProblem> {
    let scratch = target.archive.scratch().await.map_err(|error| problem::archive(&error))?;
    let (sink, source) = mpsc::channel(PIECES_MAX);
    let (lines, of_lines) = match rows {
        Rows::Kept => (None, None),
        Rows::Exported => Some(mpsc::channel(PIECES_MAX)).unzip(),
    };
    let progress = told.progress.clone();
    let copied = move |bytes: u64| progress.update(|p| p.step = format!("snapshot, {} MB so far", bytes >> 20));
    let writing = target.archive.create(id, target.engine.dump_ending(), source, copied);
    let exporting = async {
        match of_lines {
            Some(lines) => target.archive.create_export(id, lines, |_| ()).await.map(Some),
            None => Ok(None),
        }
    };
    let (dumped, written, export) = tokio::join!(target.engine.dump(scratch.path(), sink, lines), writing, exporting);
    let failed = match (dumped, written, export) {
        (Ok(dumped), Ok(written), Ok(export)) => return Ok(Copied { dumped, written, export }),
        (Err(error), ..) => problem::engine(&error, problem::UNTOUCHED),
        (_, Err(error), _) | (.., Err(error)) => problem::archive(&error),
    };
    // What was written of it is no snapshot; a leftover is swept up by the next run.
    let _ = target.archive.remove(id).await;
    Err(failed)
}

/// Keeps with a snapshot that the run above it validated. What cannot be kept is told, and takes nothing from the run.
pub async fn is_good(target: &Target, told: &Assignment, id: SnapshotId) {
    if let Err(error) = target.archive.mark_good(id, &told.job.to_string(), target.clock.now()).await {
        told.warning(format!("that snapshot {id} is good could not be kept with it: {error}"));
    }
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
    let there = target.archive.list().await.map_err(|error| problem::archive(&error))?;
    let of_the_run = |listed: &Listed| listed.manifest.tags.contains(&tag);
    Ok(there.snapshots.into_iter().find(of_the_run).map(|listed| listed.manifest.id))
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
