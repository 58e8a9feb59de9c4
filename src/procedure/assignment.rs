//! What a procedure is told, and how it tells: progress, log, stop.

use std::time::Duration;

use tokio::sync::watch;

use super::JobLog;
use crate::model::{
    job::JobId,
    order::{Requester, StopMode},
    progress::ProgressWriter,
};

/// What a procedure is told, and how it tells.
#[derive(Clone)]
pub struct Assignment {
    /// The job.
    pub job: JobId,
    /// Who asked.
    pub by: Requester,
    /// How far it is.
    pub progress: ProgressWriter,
    /// Whether somebody asked it to stop.
    pub stop: watch::Receiver<Option<StopMode>>,
    /// Its log.
    pub log: JobLog,
}

/// The width of `applied_by` in document B's table, in characters.
const APPLIED_BY_CHARACTERS_MAX: usize = 100;

impl Assignment {
    /// Who asked, as the target's tables keep it: cut so that `mark`, which says how, still fits behind it.
    #[must_use]
    pub fn applied_by(&self, mark: &str) -> String {
        let room = APPLIED_BY_CHARACTERS_MAX.saturating_sub(mark.chars().count());
        self.by.to_string().chars().take(room).chain(mark.chars()).collect()
    }

    /// Tells what was done.
    pub fn info(&self, message: impl Into<String>) {
        self.log.tell("info", message.into());
    }

    /// Tells what to watch.
    pub fn warning(&self, message: impl Into<String>) {
        self.log.tell("warning", message.into());
    }

    /// Tells what went wrong.
    pub fn error(&self, message: impl Into<String>) {
        self.log.tell("error", message.into());
    }

    /// Whether to stop at the next safe edge.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Comes back once somebody asks to stop in any way; never when nobody does.
    pub async fn stop_asked(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Comes back once somebody asks to stop at once; never when nobody does.
    pub async fn stop_now(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|asked| *asked == Some(StopMode::Now)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits, but no longer than until somebody asks to stop.
    pub async fn rest(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.stop_asked()).await;
    }

    /// Says what is being done now.
    pub fn step(&self, step: impl Into<String>) {
        let step = step.into();
        self.log.note("info", &format!("at {step}"), None, vec![("step", step.as_str().into())]);
        self.progress.update(|progress| {
            progress.step = step;
            progress.statement = None;
            (progress.rows_done, progress.rows_total, progress.rate) = (None, None, None);
        });
    }
}
