//! Where a command does its work: on the target itself, or on a server that has it.

use std::{path::Path, time::Duration};

use semver::Version;

use super::{
    call::requester,
    failure::Failure,
    remote::{self, Remote},
};
use crate::{
    app::App,
    config::Config,
    jobs::{Desk, LockWatch},
    model::{
        analytics::Analytics,
        archive::ArchiveStatus,
        compatibility::{Compatibility, Matrix},
        finding::Finding,
        job::{Job, JobId},
        order::{Order, StopMode},
        plan::Plan,
        progress::{Progress, ProgressReader},
        snapshot::{Listed, SnapshotId, SnapshotList},
        status::{LogFilter, LogLine, Status},
    },
};

/// The longest one wait for a job's end takes; then the next one begins.
const WAIT_S: u64 = 60;
/// How long the end of a job may take to let go of the target before the process leaves.
const CLOSE_S_MAX: u64 = 5;

/// Where the work is done. Both answer with the same words, so that a command is written once.
pub(super) enum Place {
    /// In this process, on the target itself.
    Here(Box<App>),
    /// By a service.
    There(Remote),
}

impl Place {
    /// The database, for a question to a person.
    pub fn database(&self) -> String {
        match self {
            Self::Here(app) => app.config.target.name.clone(),
            Self::There(remote) => format!("of {}", remote.name()),
        }
    }

    /// How long a job that was told to end may take to come to a safe edge. A server's own is not ours to end.
    pub fn grace(&self) -> Option<Duration> {
        match self {
            Self::Here(app) => Some(app.config.server.shutdown_grace / 5 * 4),
            Self::There(_) => None,
        }
    }

    /// How long to try again while another run holds the target, when the command does not say.
    pub fn lock_wait(&self) -> Duration {
        match self {
            Self::Here(app) => app.config.run.lock_wait,
            Self::There(_) => Config::default().run.lock_wait,
        }
    }

    pub async fn plan(&self, to: Option<&Version>, with_sql: bool) -> Result<Plan, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.plan(to, with_sql).await?),
            Self::There(remote) => remote.plan(to, with_sql).await,
        }
    }

    /// What merging the catalog into a Git branch would bring; only where the catalog is.
    pub async fn against_base(&self, base: &str) -> Result<Vec<Finding>, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.against_base(base).await?),
            Self::There(_) => Err(Failure::only_here("plan --base")),
        }
    }

    /// The folder of the catalog; `None` when it is elsewhere.
    pub fn catalog(&self) -> Option<&Path> {
        match self {
            Self::Here(app) => Some(&app.config.catalog.path),
            Self::There(_) => None,
        }
    }

    pub async fn status(&self) -> Result<Status, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.status().await?),
            Self::There(remote) => remote.status().await,
        }
    }

    pub async fn logs(&self, filter: &LogFilter) -> Result<Vec<LogLine>, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.logs(filter).await?),
            Self::There(remote) => remote.logs(filter).await,
        }
    }

    pub async fn analytics(&self) -> Result<Analytics, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.analytics().await?),
            Self::There(remote) => remote.analytics().await,
        }
    }

    pub async fn compatibility(&self) -> Result<Compatibility, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.compatibility().await?),
            Self::There(remote) => Ok(remote.status().await?.compatibility),
        }
    }

    /// How it stands; against every version only where the catalog is.
    pub async fn matrix(&self) -> Result<Matrix, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.matrix().await?),
            Self::There(_) => Ok(Matrix { compatibility: self.compatibility().await?, versions: None }),
        }
    }

    pub async fn snapshots(&self) -> Result<SnapshotList, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.snapshots().await?),
            Self::There(remote) => remote.snapshots().await,
        }
    }

    pub async fn archive_status(&self) -> Result<ArchiveStatus, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.archive_status().await?),
            Self::There(remote) => remote.archive_status().await,
        }
    }

    pub async fn snapshot(&self, id: SnapshotId) -> Result<Listed, Failure> {
        match self {
            Self::Here(app) => Ok(app.enquiry.snapshot(id).await?),
            Self::There(remote) => remote.snapshot(id).await,
        }
    }

    /// Gives an order. A server takes it once, however often it hears it under the same `key`.
    pub async fn submit(&self, order: &Order, key: &str) -> Result<Job, Failure> {
        match self {
            Self::Here(app) => Ok(app.desk.submit_if_needed(&requester(), order.clone()).await?),
            Self::There(remote) => remote.submit(order, key).await,
        }
    }

    /// Asks the job that is at work to stop.
    pub async fn stop(&self, mode: StopMode) -> Result<Job, Failure> {
        match self {
            Self::Here(app) => Ok(app.desk.stop(&requester(), mode).await?),
            Self::There(remote) => remote.stop(mode).await,
        }
    }

    /// A look at who holds the target, for as long as somebody else does.
    pub fn watch_lock(&self) -> Turn<'_> {
        match self {
            Self::Here(app) => Turn::Here(app.enquiry.watch_lock()),
            Self::There(remote) => Turn::There(remote),
        }
    }

    /// What is to be told of a job from here on.
    pub fn follow(&self, job: Job) -> Following {
        match self {
            Self::Here(app) => {
                Following::Here { id: job.id, desk: app.desk.clone(), progress: app.desk.follow(job.id) }
            }
            Self::There(remote) => Following::There(Box::new(remote::Following::of(remote, job))),
        }
    }

    /// Lets go of the target after the last job.
    pub async fn leave(&self) {
        if let Self::Here(app) = self {
            app.desk.close(Duration::from_secs(CLOSE_S_MAX), Duration::ZERO).await;
        }
    }
}

/// A look at who holds the target.
pub(super) enum Turn<'a> {
    Here(LockWatch),
    There(&'a Remote),
}

impl Turn<'_> {
    /// Who holds the target, and what they are at; `None` when nobody does.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub async fn look(&mut self) -> Result<Option<String>, Failure> {
        match self {
            Self::Here(watch) => Ok(watch.look().await?),
            Self::There(remote) => {
                let Status { lock, running, .. } = remote.status().await?;
                let running = running.map(|job| format!("job {}, at {}", job.id, job.progress.step));
                Ok(lock.map(|holder| holder.to_string()).or(running))
            }
        }
    }

    /// Lets go of what was used to look.
    pub async fn close(self) {
        if let Self::Here(watch) = self {
            watch.close().await;
        }
    }
}

/// What there is to tell of a job.
pub(super) enum News {
    /// It came further.
    Progress(Progress),
    /// It has ended.
    Ended(Box<Job>),
    /// The server does not answer; it is asked again.
    Silence(String),
}

/// A job under way.
pub(super) enum Following {
    Here { desk: Desk, id: JobId, progress: Option<ProgressReader> },
    There(Box<remote::Following>),
}

impl Following {
    /// The next news. Nothing is lost when it is dropped before.
    ///
    /// # Errors
    /// When nothing more can be learned of the job.
    pub async fn next(&mut self) -> Result<News, Failure> {
        match self {
            Self::There(following) => following.next().await,
            Self::Here { desk, id, progress } => loop {
                tokio::select! {
                    waited = desk.wait(*id, Duration::from_secs(WAIT_S)) => {
                        let job = waited?;
                        if job.state.is_final() {
                            return Ok(News::Ended(Box::new(job)));
                        }
                    }
                    now = changed(progress) => return Ok(News::Progress(now)),
                }
            },
        }
    }
}

/// The next progress; none ever comes from a job that cannot be followed, or is done telling.
async fn changed(progress: &mut Option<ProgressReader>) -> Progress {
    if let Some(reader) = progress {
        if reader.changed().await.is_ok() {
            return reader.borrow_and_update().clone();
        }
        *progress = None;
    }
    std::future::pending().await
}
