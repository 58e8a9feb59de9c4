//! The whole picture for an administrator.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    audit::AuditHead,
    compatibility::Compatibility,
    finding::Finding,
    history::{Applied, Unfinished},
    job::Job,
    snapshot::Listed,
};

/// Who holds, or last held, the lock of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The machine; empty when the holder has not told, as while a database without windlass's tables is only looked at.
    pub host: String,
    /// The process on it; 0 when that was not told.
    pub process: u32,
    /// The job; without a machine, the one that is open in the control store, or empty.
    pub job: String,
    /// Since when, by the target's clock.
    pub since: Option<DateTime<Utc>>,
    /// Its last sign of life, by the target's clock.
    pub heartbeat: Option<DateTime<Utc>>,
    /// How long ago that was; a run beats every 5 seconds. Nothing is taken from whoever is silent: see `--break-lock`.
    pub silent_ms: Option<u64>,
    /// What it is doing: a migration, and which of its run's statements.
    pub doing: Option<String>,
    /// The server's name for the session that holds the lock; for a file, the process.
    pub session: Option<String>,
}

impl Holder {
    /// One that has told nothing, by the server's name for its session; `job` is the one that it may be.
    #[must_use]
    pub fn untold(session: String, job: Option<String>) -> Self {
        Self {
            host: String::new(),
            process: 0,
            job: job.unwrap_or_default(),
            since: None,
            heartbeat: None,
            silent_ms: None,
            doing: None,
            session: Some(session),
        }
    }
}

/// A holder that has not beaten for so long is told as silent: three beats.
const SILENT_MS: u64 = 15_000;

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.is_empty() {
            let session = self.session.as_deref().unwrap_or("unknown");
            write!(f, "a run that has not told its name (session {session})")?;
            return if self.job.is_empty() { Ok(()) } else { write!(f, ", probably job {}", self.job) };
        }
        write!(f, "job {} of process {} on {}", self.job, self.process, self.host)?;
        if let Some(since) = self.since {
            write!(f, ", since {}", since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))?;
        }
        if let Some(doing) = &self.doing {
            write!(f, ", at {doing}")?;
        }
        match self.silent_ms.filter(|silent_ms| *silent_ms >= SILENT_MS) {
            Some(silent_ms) => write!(f, "; silent for {} s", silent_ms / 1_000),
            None => Ok(()),
        }
    }
}

/// `GET /api/migration/status` and `windlass status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The target's name.
    pub target: String,
    /// The engine's word for itself, with its version.
    pub server: String,
    /// Whether application and database can work together now.
    pub compatibility: Compatibility,
    /// What was applied, by number.
    pub applied: Vec<Applied>,
    /// What is pending, by identity, in order.
    pub pending: Vec<String>,
    /// What an interrupted run left.
    pub unfinished: Option<Unfinished>,
    /// What the schema has become since the last run left it; empty while a run is at work, and where none left a record.
    #[serde(default)]
    pub drift: Vec<Finding>,
    /// Who holds the lock now.
    pub lock: Option<Holder>,
    /// The job that is at work.
    pub running: Option<Job>,
    /// The newest jobs that ended, newest first.
    pub recent: Vec<Job>,
    /// The snapshots, newest first.
    pub snapshots: Vec<Listed>,
    /// How far the audit trail goes, to be noted elsewhere; `windlass audit verify --head` finds out later whether anything up
    /// to it was changed or cut off. `null` while there is no line.
    #[serde(default)]
    pub audit: Option<AuditHead>,
}

/// What a line of the log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// A job's own log.
    Job,
    /// Who asked for what, and what came of it.
    Audit,
}

impl LogKind {
    /// The word that stands in tables and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Audit => "audit",
        }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Its place; later lines have higher ones.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// A job's own log, or the audit trail.
    pub kind: LogKind,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// The job it belongs to.
    pub job: Option<String>,
    /// Who asked; audit lines only.
    pub actor: Option<String>,
    /// What is told.
    pub message: String,
}

/// Which lines of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilter {
    /// Only this kind.
    pub kind: Option<LogKind>,
    /// Only this job's.
    pub job: Option<String>,
    /// Only lines after this place.
    pub after: Option<i64>,
    /// At most so many, oldest first (`after` given) or the newest (without).
    pub limit: Option<u32>,
}
