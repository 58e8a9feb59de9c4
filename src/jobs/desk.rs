//! Takes orders.

use std::time::Duration;

use super::Refused;
use crate::model::{
    job::{Job, JobId},
    order::{Order, Requester, StopMode},
    progress::ProgressReader,
};

/// Takes orders: submit, stop, wait.
#[derive(Clone)]
pub struct Desk {}

impl Desk {
    /// Takes an order. Answers as soon as the target's lock is held and the job is queued.
    ///
    /// With a `key` that was used before, answers with that job and starts nothing.
    ///
    /// # Errors
    /// [`Refused`]; nothing was begun.
    pub async fn submit(&self, by: &Requester, order: Order, key: Option<&str>) -> Result<Job, Refused> {
        let _ = (by, order, key);
        unimplemented!()
    }

    /// Asks the job that is at work to stop at the next safe edge.
    ///
    /// # Errors
    /// [`Refused::NothingRuns`].
    pub async fn stop(&self, by: &Requester, mode: StopMode) -> Result<Job, Refused> {
        let _ = (by, mode);
        unimplemented!()
    }

    /// The job, once it ended or `at_most` has passed.
    ///
    /// # Errors
    /// [`Refused::NoJob`].
    pub async fn wait(&self, id: JobId, at_most: Duration) -> Result<Job, Refused> {
        let _ = (id, at_most);
        unimplemented!()
    }

    /// The live progress of a job that is at work in this process.
    #[must_use]
    pub fn follow(&self, id: JobId) -> Option<ProgressReader> {
        let _ = id;
        unimplemented!()
    }

    /// Takes no new orders, asks the job that is at work to stop at the next safe edge, and waits for its end,
    /// but no longer than `at_most`. Returns at once when nothing is at work.
    pub async fn close(&self, at_most: Duration) {
        let _ = at_most;
    }
}
