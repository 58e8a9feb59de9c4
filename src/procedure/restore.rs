//! Putting a snapshot in the place of the target. The state before is itself a snapshot.

use tokio::sync::mpsc;

use super::{
    Assignment, Held, Target, problem,
    snapshot::{self, Labels, Rows},
    space::{self, Work},
};
use crate::{
    engine::{EngineError, RestoreError, bookkeeping},
    model::{
        job::JobProblem,
        snapshot::{Manifest, SnapshotId},
    },
    snapshot::ArchiveError,
};

/// Pieces of a dump that may be on their way at once.
const PIECES_MAX: usize = 16;

/// What is known of the target when its session went away during a restore.
const UNSEEN: &str = "unknown: the connection was lost while the snapshot took the target's place; \
                      the next windlass up, or the same order again, puts everything in its place";

/// Whether to go on where only a person can want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// No.
    No,
    /// Also where the state before cannot be copied any more, and where it may not fit.
    Yes,
}

/// Puts the snapshot `id` in the place of the target; gives the manifest of the state before, `None` where that could not be
/// copied and nobody minds.
///
/// # Errors
/// The problem; the target is as it was.
pub async fn restore(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    id: SnapshotId,
    force: Force,
) -> Result<Option<Manifest>, JobProblem> {
    let manifest = held.awake(target.archive.prove(id)).await.map_err(|error| problem::archive(&error))?;
    let labels = Labels {
        message: Some(format!("before going back to snapshot {id}")),
        tags: vec!["before-rollback".to_owned()],
        notes: None,
    };
    failpoint!("restore.verified", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
    let kept = match space::ensure(target, told, held, &Work::Restore(&manifest)).await {
        Ok(()) => snapshot::take(target, told, held, labels, Rows::Kept).await.map(Some),
        Err(problem) => Err(problem),
    };
    let before = match kept {
        Err(problem) if force == Force::Yes => {
            told.warning(format!("forced: going on without a snapshot of the state before: {}", problem.detail));
            None
        }
        before => before?,
    };
    told.step(format!("restoring snapshot {id}"));
    swap(target, held, &manifest).await?;
    failpoint!("restore.swapped");
    take_over(target, told, held)
        .await
        .map_err(|error| problem::engine(&error, "the snapshot is restored; its lock row could not be renewed"))?;
    let back = before.as_ref().map_or_else(|| "not kept".to_owned(), |before| format!("snapshot {}", before.id));
    told.info(format!("snapshot {id} restored; the state before is {back}"));
    Ok(before)
}

/// Puts the snapshot `id` into a database that holds nothing.
///
/// # Errors
/// The problem; the database is still empty.
pub async fn into_empty(target: &Target, told: &Assignment, held: &mut Held, id: SnapshotId) -> Result<(), JobProblem> {
    let manifest = held.awake(target.archive.prove(id)).await.map_err(|error| problem::archive(&error))?;
    told.step(format!("restoring snapshot {id}"));
    swap(target, held, &manifest).await?;
    told.info(format!("snapshot {id} restored into {}", target.name));
    Ok(())
}

async fn swap(target: &Target, held: &mut Held, manifest: &Manifest) -> Result<(), JobProblem> {
    let lost = || EngineError::Lost { reason: "it could not be replaced".to_owned() };
    let session = held.take().ok_or_else(|| problem::engine(&lost(), problem::UNTOUCHED))?;
    let scratch = target.archive.scratch().await.map_err(|error| problem::archive(&error))?;
    let (sink, source) = mpsc::channel(PIECES_MAX);
    let epoch = Some(held.epoch).filter(|epoch| *epoch > 0);
    let reading = target.archive.open(manifest.id, sink, |_| ());
    let (restored, read) =
        tokio::join!(target.engine.restore(session, scratch.path(), source, manifest, epoch), reading);
    match restored {
        Ok(session) => {
            held.put(session);
            read.map(drop).map_err(|error| problem::archive(&error))
        }
        Err(RestoreError { session, error }) => {
            let state = match &error {
                EngineError::Fenced { .. } => problem::TAKEN_OVER,
                _ if session.is_some() => problem::UNTOUCHED,
                _ => UNSEEN,
            };
            if let Some(session) = session {
                held.put(session);
            }
            Err(match read {
                // Why nobody takes it any more is the database's to tell.
                Ok(_) | Err(ArchiveError::Unread { .. }) => problem::engine(&error, state),
                Err(damaged) => problem::archive(&damaged),
            })
        }
    }
}

/// Renews the lock row that came with the snapshot: the epoch never goes back, and the holder is this job.
async fn take_over(target: &Target, told: &Assignment, held: &mut Held) -> Result<(), EngineError> {
    let words = target.engine.words();
    let epoch = held.epoch;
    let session = held.session()?;
    if bookkeeping::present(session, words).await? {
        let sql = format!("UPDATE windlass_lock SET epoch = {epoch} WHERE id = 1 AND epoch < {epoch}");
        session.write(&sql, &[]).await?;
        failpoint!("restore.renew", EngineError::fault);
        held.begin(target, told).await?;
    }
    Ok(())
}
