//! How far a job is: a writer for the one who works, readers for those who wait.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

/// A job's progress.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// What is being done, for a person: `v0.5.0_01_learning_category`.
    pub step: String,
    /// Units done: statements of a run, bytes of a snapshot, checks of a validation.
    pub completed: u64,
    /// Units in all; 0 while unknown.
    pub total: u64,
    /// 0 to 100.
    pub percentage: f64,
    /// The statement in progress, with file and line; only for an administrator.
    pub statement: Option<String>,
    /// How far the statement in progress is, where the server tells.
    pub within: Option<Within>,
    /// Rows changed so far.
    pub rows_done: Option<u64>,
    /// Rows in all, as far as it can be told.
    pub rows_total: Option<u64>,
    /// Rows a second.
    pub rate: Option<f64>,
    /// Since it began.
    pub elapsed_ms: u64,
    /// When it will end, by the rate so far.
    pub estimated_end: Option<DateTime<Utc>>,
    /// What it waits for: a lock's holder, a pause.
    pub waiting_for: Option<String>,
}

/// How far one long statement is, in the server's own terms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Within {
    /// What the server is at: `building index: scanning table`.
    pub phase: String,
    /// How much of that is done, 0 to 100, where the server counts it.
    pub percentage: Option<f64>,
    /// Rows the statement has changed so far, where the server counts them.
    pub rows_done: Option<u64>,
}

impl Within {
    /// At `phase`, with `done` of `total` done; nothing is counted when there is no `total`.
    #[must_use]
    pub fn at(phase: impl Into<String>, done: i64, total: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let share = (total > 0).then(|| (done as f64 / total as f64 * 1000.0).round() / 10.0);
        Self { phase: phase.into(), percentage: share.map(|share| share.clamp(0.0, 100.0)), rows_done: None }
    }
}

impl Progress {
    /// Sets how much is done, and the percentage with it.
    pub fn count(&mut self, completed: u64, total: u64) {
        self.completed = completed;
        self.total = total;
        self.within = None;
        self.count_part(0.0);
    }

    /// Sets the percentage for a unit of which a part is done, from 0 to 1; alone while the units in all are unknown.
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    pub fn count_part(&mut self, part: f64) {
        let share = if self.total == 0 { part } else { (self.completed as f64 + part) / self.total as f64 };
        self.percentage = (share * 1000.0).round() / 10.0;
    }
}

/// The worker's end.
#[derive(Debug, Clone)]
pub struct ProgressWriter(watch::Sender<Progress>);

/// A reader's end; it always sees the newest.
pub type ProgressReader = watch::Receiver<Progress>;

impl ProgressWriter {
    /// A new channel.
    #[must_use]
    pub fn channel() -> (Self, ProgressReader) {
        let (to, from) = watch::channel(Progress::default());
        (Self(to), from)
    }

    /// Changes the progress; never blocks.
    pub fn update(&self, change: impl FnOnce(&mut Progress)) {
        self.0.send_modify(change);
    }

    /// What it says now.
    #[must_use]
    pub fn now(&self) -> Progress {
        self.0.borrow().clone()
    }
}
