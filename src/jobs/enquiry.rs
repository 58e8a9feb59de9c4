//! Answers questions; never writes to the target.

use std::collections::BTreeMap;

use semver::Version;

use super::{
    Refused, admission,
    slot::Slot,
    turn::{Held, LockWatch},
};
use crate::{
    model::{
        catalog::Catalog,
        compatibility::{Compatibility, Matrix},
        job::{Job, JobId, JobKind},
        plan::Plan,
        report::RunReport,
        snapshot::{Manifest, SnapshotId},
        status::{LogFilter, LogLine, Status},
    },
    plan::{self, Facts},
    procedure::{Target, keys, looked_at, read_history, trust},
    snapshot::ArchiveError,
};

/// Jobs whose times a plan looks at.
const TIMED_JOBS: u32 = 50;
/// Jobs that a status shows.
const RECENT_JOBS: u32 = 10;

/// Answers questions. Cheap to clone.
#[derive(Clone)]
pub struct Enquiry {
    target: Target,
    slot: Slot,
}

impl Enquiry {
    /// For one target.
    #[must_use]
    pub fn new(target: Target, slot: Slot) -> Self {
        Self { target, slot }
    }

    /// What a run to `to` (`None`: the required version) would do, with the SQL when asked.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan(&self, to: Option<&Version>, with_sql: bool) -> Result<Plan, Refused> {
        let catalog = self.target.catalog().await?;
        let mut session = self.target.engine.open_to_read().await?;
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        let history = looked_at(&self.target, session.as_mut(), &catalog, history).await?;
        let schema = session.schema(None).await?;
        let needs = self.target.needs(&catalog);
        let facts = Facts::of(self.target.site(), &catalog, &history, &needs);
        let keys = keys(&self.target, session.as_mut(), &facts).await?;
        let trust = trust(&self.target, session.as_mut(), &facts).await?;
        session.close().await;
        let durations = self.durations().await?;
        Ok(plan::forward(&facts.sized(&schema).timed(&durations).keyed(&keys).trusting(&trust), to, with_sql))
    }

    /// How long each migration took when it last ran here, in milliseconds, by identity. Empty while no run was kept.
    async fn durations(&self) -> Result<BTreeMap<String, u64>, Refused> {
        let jobs = self.recent(TIMED_JOBS).await?;
        let reports = jobs.into_iter().rev().filter(|job| job.kind == JobKind::Migrate);
        let runs = reports.filter_map(|job| serde_json::from_value::<RunReport>(job.result?).ok());
        let done = runs.filter(|run| !run.dry_run).flat_map(|run| run.migrations).filter(|result| result.success);
        Ok(done.map(|result| (result.id, result.execution_time_ms)).collect())
    }

    /// Whether application and database can work together now.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn compatibility(&self) -> Result<Compatibility, Refused> {
        let catalog = self.target.catalog().await?;
        self.compatibility_with(&catalog).await
    }

    /// The same, and whether the application could work with each version of the catalog.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn matrix(&self) -> Result<Matrix, Refused> {
        let catalog = self.target.catalog().await?;
        let compatibility = self.compatibility_with(&catalog).await?;
        Ok(Matrix { compatibility, versions: Some(plan::matrix(&catalog, &self.target.needs(&catalog))) })
    }

    async fn compatibility_with(&self, catalog: &Catalog) -> Result<Compatibility, Refused> {
        let mut session = self.target.engine.open_to_read().await?;
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        session.close().await;
        let needs = self.target.needs(catalog);
        Ok(plan::compatibility(&Facts::of(self.target.site(), catalog, &history, &needs)))
    }

    /// The whole picture.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn status(&self) -> Result<Status, Refused> {
        let catalog = self.target.catalog().await?;
        let mut session = self.target.engine.open_to_read().await?;
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        let history = looked_at(&self.target, session.as_mut(), &catalog, history).await?;
        let lock = match Held::seen(&self.target, session.as_mut()).await? {
            Held::By(holder) => Some(*holder),
            Held::Free | Held::Untold(_) => None,
        };
        let server = session.server().clone();
        session.close().await;
        let needs = self.target.needs(&catalog);
        let facts = Facts::of(self.target.site(), &catalog, &history, &needs);
        let compatibility = plan::compatibility(&facts);
        let pending = facts.pending().map(|migration| migration.identity.to_string()).collect();
        let running = self.running();
        if running.is_none() {
            // A job whose process died after its last commit: whoever comes next has nothing to do, and takes no stock.
            admission::take_stock(&self.target).await?;
        }
        let mut recent = self.recent(RECENT_JOBS).await?;
        recent.retain(|job| Some(job.id) != running.as_ref().map(|job| job.id));
        Ok(Status {
            target: self.target.name.to_string(),
            server: format!("{} {}", server.product, server.version),
            compatibility,
            pending,
            unfinished: history.unfinished,
            applied: history.applied,
            lock,
            running,
            recent,
            snapshots: self.snapshots().await?,
        })
    }

    /// A look at the lock, for whoever waits for it.
    #[must_use]
    pub fn watch_lock(&self) -> LockWatch {
        LockWatch::of(&self.target)
    }

    /// The newest jobs; none while there is no store.
    async fn recent(&self, limit: u32) -> Result<Vec<Job>, Refused> {
        if !self.target.store.is_there() {
            return Ok(Vec::new());
        }
        Ok(self.target.store.newest_jobs(&self.target.name, limit).await?)
    }

    /// The job that is at work in this process.
    fn running(&self) -> Option<Job> {
        let job = self.slot.at_work()?.job(self.target.clock.now());
        (!job.state.is_final()).then_some(job)
    }

    /// Lines of the log, oldest first.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn logs(&self, filter: &LogFilter) -> Result<Vec<LogLine>, Refused> {
        Ok(self.target.store.lines(filter).await?)
    }

    /// One job, with its live progress.
    ///
    /// # Errors
    /// [`Refused::NoJob`].
    pub async fn job(&self, id: JobId) -> Result<Job, Refused> {
        match self.slot.at_work().map(|at_work| at_work.job(self.target.clock.now())).filter(|job| job.id == id) {
            Some(job) => Ok(job),
            None => self.target.store.job(id).await?.ok_or(Refused::NoJob(id)),
        }
    }

    /// The job that is at work, else the newest one; `None` when there never was one.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn latest_job(&self) -> Result<Option<Job>, Refused> {
        match self.running() {
            Some(job) => Ok(Some(job)),
            None => Ok(self.recent(1).await?.pop()),
        }
    }

    /// The snapshots, newest first.
    ///
    /// # Errors
    /// [`Refused::Archive`].
    pub async fn snapshots(&self) -> Result<Vec<Manifest>, Refused> {
        let listing = self.target.folder.list().await?;
        for error in listing.unreadable {
            tracing::error!(%error, "a snapshot cannot be listed");
        }
        Ok(listing.manifests)
    }

    /// One snapshot.
    ///
    /// # Errors
    /// [`Refused::NoSnapshot`].
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Manifest, Refused> {
        match self.target.folder.find(id).await {
            Err(ArchiveError::Missing(id)) => Err(Refused::NoSnapshot(id)),
            other => Ok(other?),
        }
    }

    /// Reads a snapshot again and compares it with its manifest.
    ///
    /// # Errors
    /// [`Refused::Archive`] that names what differs.
    pub async fn verify(&self, id: SnapshotId) -> Result<Manifest, Refused> {
        match self.target.folder.verify(id, |_| ()).await {
            Err(ArchiveError::Missing(id)) => Err(Refused::NoSnapshot(id)),
            other => Ok(other?),
        }
    }
}
