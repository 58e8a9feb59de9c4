//! Why an order or a question was not taken.

use crate::{
    catalog::CatalogError,
    engine::EngineError,
    model::{
        digest::PlanDigest,
        finding::Finding,
        job::JobId,
        loss::{Loss, LossDigest},
        snapshot::SnapshotId,
    },
    procedure::Unread,
    snapshot::ArchiveError,
    store::StoreError,
};

/// Why an order or a question was not taken. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Another run holds the target.
    #[error("another run is at work on this database: {holder}")]
    Busy {
        /// Who: job, process, host, since when.
        holder: String,
        /// The job, when it is known here.
        job: Option<JobId>,
    },
    /// The plan says no.
    #[error("the run may not begin: {}", first(.blocking))]
    NotReady {
        /// What blocks.
        blocking: Vec<Finding>,
    },
    /// The plan that was asked for is not the one that would be made now.
    #[error("{} moved since the plan {then} was made: it would be {now} now", .now.moved_since(.then).join(" and "))]
    PlanMoved {
        /// The digest that was given.
        then: Box<PlanDigest>,
        /// The digest now.
        now: Box<PlanDigest>,
    },
    /// Something would be lost that nobody has accepted.
    #[error("{}", .loss.refusal(.given.as_ref()))]
    LossNotAccepted {
        /// What, counted.
        loss: Box<Loss>,
        /// The digest that was given.
        given: Option<LossDigest>,
    },
    /// There is no run to stop.
    #[error("no job is at work on this database")]
    NothingRuns,
    /// The key was used for something else.
    #[error("this Idempotency-Key was used for another order")]
    KeyReused,
    /// No such job.
    #[error("there is no job {0}")]
    NoJob(JobId),
    /// No such snapshot.
    #[error("there is no snapshot {0}")]
    NoSnapshot(SnapshotId),
    /// The service is stopping.
    #[error("the service is stopping and takes no new work")]
    Stopping,
    /// The catalog cannot be read.
    #[error("the catalog cannot be used")]
    Catalog(#[from] CatalogError),
    /// The target cannot be asked.
    #[error("the target cannot be used")]
    Target(#[from] EngineError),
    /// An archive cannot be read.
    #[error("the snapshots cannot be used")]
    Archive(#[from] ArchiveError),
    /// Our own database cannot be used.
    #[error("the control store cannot be used")]
    Store(#[from] StoreError),
}

/// The first of what blocks, with its place.
fn first(blocking: &[Finding]) -> String {
    blocking.first().map(|finding| format!("{}: {}", finding.place, finding.message)).unwrap_or_default()
}

impl From<Unread> for Refused {
    fn from(error: Unread) -> Self {
        match error {
            Unread::Target(error) => error.into(),
            Unread::Store(error) => error.into(),
        }
    }
}
