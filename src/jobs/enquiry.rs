//! Answers questions; never writes to the target.

use semver::Version;

use super::Refused;
use crate::model::{
    compatibility::Compatibility,
    job::{Job, JobId},
    plan::Plan,
    snapshot::{Manifest, SnapshotId},
    status::{LogFilter, LogLine, Status},
};

/// Answers questions.
#[derive(Clone)]
pub struct Enquiry {}

impl Enquiry {
    /// What a run to `to` (`None`: the required version) would do, with the SQL when asked.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan(&self, to: Option<&Version>, with_sql: bool) -> Result<Plan, Refused> {
        let _ = (to, with_sql);
        unimplemented!()
    }

    /// Whether application and database can work together now.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn compatibility(&self) -> Result<Compatibility, Refused> {
        unimplemented!()
    }

    /// The whole picture.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn status(&self) -> Result<Status, Refused> {
        unimplemented!()
    }

    /// Lines of the log, oldest first.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn logs(&self, filter: &LogFilter) -> Result<Vec<LogLine>, Refused> {
        let _ = filter;
        unimplemented!()
    }

    /// One job, with its live progress.
    ///
    /// # Errors
    /// [`Refused::NoJob`].
    pub async fn job(&self, id: JobId) -> Result<Job, Refused> {
        let _ = id;
        unimplemented!()
    }

    /// The job that is at work, else the newest one; `None` when there never was one.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn latest_job(&self) -> Result<Option<Job>, Refused> {
        unimplemented!()
    }

    /// The snapshots, newest first.
    ///
    /// # Errors
    /// [`Refused::Archive`].
    pub async fn snapshots(&self) -> Result<Vec<Manifest>, Refused> {
        unimplemented!()
    }

    /// One snapshot.
    ///
    /// # Errors
    /// [`Refused::NoSnapshot`].
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Manifest, Refused> {
        let _ = id;
        unimplemented!()
    }

    /// One snapshot, once its payload was read again and is as its manifest says.
    ///
    /// # Errors
    /// [`Refused::NoSnapshot`]; [`Refused::Archive`] for one that is damaged.
    pub async fn verify_snapshot(&self, id: SnapshotId) -> Result<Manifest, Refused> {
        let _ = id;
        unimplemented!()
    }
}
