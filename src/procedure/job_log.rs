//! Where a job tells what it does: the control store, and for a run a file of its own.

use std::io;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    clock::Clock,
    telemetry::{Entry, RunLog},
};

/// A line for the job's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `info`, `warning` or `error`.
    pub level: &'static str,
    /// What is told.
    pub message: String,
}

/// Where a job tells what it does. Cheap to clone.
#[derive(Clone)]
pub struct JobLog {
    lines: mpsc::UnboundedSender<Told>,
    file: Option<(RunLog, Clock)>,
}

impl JobLog {
    /// Whoever has the other end of `lines` puts them into the control store.
    #[must_use]
    pub fn to(lines: mpsc::UnboundedSender<Told>) -> Self {
        Self { lines, file: None }
    }

    /// Nobody reads it: what is done on a copy is not told of the target.
    #[must_use]
    pub fn unread() -> Self {
        Self::to(mpsc::unbounded_channel().0)
    }

    /// Into this file as well.
    #[must_use]
    pub fn and(self, file: RunLog, clock: Clock) -> Self {
        Self { file: Some((file, clock)), ..self }
    }

    /// Whether there is a file.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Tells. A line is lost only when nobody reads any more.
    pub fn tell(&self, level: &'static str, message: String) {
        self.note(level, &message, None, Vec::new());
        let _ = self.lines.send(Told { level, message });
    }

    /// Tells the file alone. What cannot be written is told once, and never ends a run.
    pub fn note(&self, level: &'static str, message: &str, sql: Option<&str>, fields: Vec<(&'static str, Value)>) {
        let Some((file, clock)) = &self.file else { return };
        if let Err(error) = file.write(&Entry { at: clock.now(), level, message, sql, fields }) {
            self.ends_here(file, &error);
        }
    }

    /// Waits until the file has all that it was told, within a bound.
    pub async fn end(&self) {
        let Some((file, clock)) = &self.file else { return };
        if let Err(error) = file.end(clock.now()).await {
            self.ends_here(file, &error);
        }
    }

    fn ends_here(&self, file: &RunLog, error: &io::Error) {
        let message = format!("{} ends here, it could not be written: {error}", file.path().display());
        tracing::warn!("{message}");
        let _ = self.lines.send(Told { level: "warning", message });
    }
}
