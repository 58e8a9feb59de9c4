//! Looking at snapshots again: every byte, and in depth by restoring them into a scratch database.

use tokio::{sync::mpsc, time::Instant};

use super::{Assignment, Ended, Target, migrate::ms_since, problem};
use crate::{
    engine::EngineError,
    model::{
        archive::{Verdict, VerifyReport},
        job::JobProblem,
        snapshot::{SnapshotId, VerifiedMark},
    },
    snapshot::ArchiveError,
};

/// Pieces of a dump that may be on their way at once.
const PIECES_MAX: usize = 16;

/// What kept a snapshot from being found whole.
enum Unfit {
    /// Nothing is wrong with the snapshot as far as is known; the look itself did not come to its end.
    NotSeen(JobProblem),
    /// It is not what was written, or cannot be restored.
    Damaged(String),
}

/// Looks at one snapshot, or at all of them, and keeps what was found with them. A damaged one does not keep the others from
/// being looked at.
pub async fn ordered(target: &Target, told: &Assignment, which: Option<SnapshotId>, deep: bool) -> Ended {
    let mut report = VerifyReport { overall: true, verdicts: Vec::new() };
    let ids = match which {
        Some(id) => Ok(vec![id]),
        None => all(target).await,
    };
    let ended = match ids {
        Ok(ids) => look(target, told, &ids, deep, &mut report).await,
        Err(problem) => Err(problem),
    };
    match ended {
        Ok(true) if report.overall => Ended::well(&report),
        Ok(true) => Ended::badly(problem::damaged(&report), serde_json::to_value(&report).ok()),
        Ok(false) => Ended::paused(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, serde_json::to_value(&report).ok())
        }
    }
}

/// All there are, newest first; one whose manifest cannot be read counts as damaged when it is looked at.
async fn all(target: &Target) -> Result<Vec<SnapshotId>, JobProblem> {
    let listing = target.archive.list().await.map_err(|error| problem::archive(&error))?;
    let whole = listing.snapshots.iter().map(|listed| listed.manifest.id);
    let unusable = listing.unusable.iter().filter(|unusable| !unusable.is_of_marks()).map(|unusable| unusable.id);
    Ok(whole.chain(unusable).collect())
}

/// False when it was stopped before the last.
async fn look(
    target: &Target,
    told: &Assignment,
    ids: &[SnapshotId],
    deep: bool,
    report: &mut VerifyReport,
) -> Result<bool, JobProblem> {
    told.progress.update(|progress| progress.count(0, ids.len() as u64));
    for (done, id) in (1..).zip(ids) {
        if told.is_stopping() {
            return Ok(false);
        }
        told.step(format!("reading snapshot {id}"));
        let looking = one(target, told, *id, deep);
        let verdict = tokio::select! {
            verdict = looking => verdict?,
            () = told.stop_asked() => return Ok(false),
        };
        report.overall &= verdict.whole;
        report.verdicts.push(verdict);
        told.progress.update(|progress| progress.count(done, progress.total));
    }
    Ok(true)
}

async fn one(target: &Target, told: &Assignment, id: SnapshotId, deep: bool) -> Result<Verdict, JobProblem> {
    let found = match bytes(target, id).await {
        Ok(()) if deep => restored(target, told, id).await.map(Some),
        other => other.map(|()| None),
    };
    let (restore_ms, reason) = match found {
        Ok(restore_ms) => (restore_ms, None),
        Err(Unfit::Damaged(reason)) => (None, Some(reason)),
        Err(Unfit::NotSeen(problem)) => return Err(problem),
    };
    match &reason {
        None => told.info(format!("snapshot {id} is whole")),
        Some(reason) => told.error(format!("snapshot {id}: {reason}")),
    }
    let mark = VerifiedMark {
        at: target.clock.now(),
        deep,
        restore_ms,
        result: reason.clone().unwrap_or_else(|| VerifiedMark::WHOLE.to_owned()),
    };
    // Without a manifest that can be read there is nothing to mark.
    if let Err(error) = target.archive.mark_verified(id, mark).await {
        told.warning(format!("what was found of snapshot {id} could not be kept with it: {error}"));
    }
    Ok(Verdict { id, whole: reason.is_none(), deep, restore_ms, reason })
}

/// Every byte of it.
async fn bytes(target: &Target, id: SnapshotId) -> Result<(), Unfit> {
    target.archive.verify(id, |_| ()).await.map(drop).map_err(unfit)
}

/// Restores it into a scratch database; gives the time that took, in milliseconds.
async fn restored(target: &Target, told: &Assignment, id: SnapshotId) -> Result<u64, Unfit> {
    told.step(format!("restoring snapshot {id} into a scratch database"));
    let manifest = target.archive.find(id).await.map_err(unfit)?;
    let scratch = target.archive.scratch().await.map_err(unfit)?;
    let started = Instant::now();
    let (sink, source) = mpsc::channel(PIECES_MAX);
    let reading = target.archive.open(id, sink, |_| ());
    let (tried, read) = tokio::join!(target.engine.trial(scratch.path(), source, &manifest), reading);
    match read {
        // Why nobody takes it any more is the database's to tell.
        Err(ArchiveError::Unread { .. }) if tried.is_err() => {}
        read => drop(read.map_err(unfit)?),
    }
    match tried {
        Ok(()) => Ok(ms_since(started)),
        Err(error @ (EngineError::Differs { .. } | EngineError::Tool { .. })) => {
            Err(Unfit::Damaged(format!("it cannot be restored as it was: {error}")))
        }
        Err(error) => Err(Unfit::NotSeen(problem::engine(&error, problem::UNTOUCHED))),
    }
}

fn unfit(error: ArchiveError) -> Unfit {
    match error {
        ArchiveError::Damaged { .. }
        | ArchiveError::Unreadable { .. }
        | ArchiveError::WrongKey { .. }
        | ArchiveError::KeyMissing { .. } => Unfit::Damaged(error.to_string()),
        error => Unfit::NotSeen(problem::archive(&error)),
    }
}
