//! One piece of background work, and the only place that says which state may follow which.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use utoipa::ToSchema;

use super::progress::Progress;

/// A job's name: a ULID, so that names sort by time. A label only; nothing is decided by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD")]
pub struct JobId(pub Ulid);

impl JobId {
    /// A name of its own.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Ulid::generate())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Takes the target to a newer version.
    Migrate,
    /// Takes it back, by down scripts or by a snapshot.
    Rollback,
    /// Makes a restorable copy.
    Snapshot,
    /// Looks at snapshots again.
    Verify,
    /// Puts a snapshot in the place of a database.
    Restore,
    /// Lets go of old snapshots.
    Prune,
    /// Checks what is there.
    Validate,
    /// Compares what a fresh installation has with what the migrations make from nothing.
    VerifyUpgrade,
    /// Records what a database without history holds.
    Baseline,
    /// Takes over the history of another tool, or gives it back.
    Adopt,
    /// Tries migrations and their ways back on a scratch copy.
    Rehearse,
    /// Runs the migrations' own tests in a scratch database.
    Test,
}

impl JobKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Migrate,
        Self::Rollback,
        Self::Snapshot,
        Self::Verify,
        Self::Restore,
        Self::Prune,
        Self::Validate,
        Self::VerifyUpgrade,
        Self::Baseline,
        Self::Adopt,
        Self::Rehearse,
        Self::Test,
    ];

    /// Whether a job of this kind is a run: it changes the target, and somebody who waits for the application should know.
    #[must_use]
    pub fn is_run(self) -> bool {
        matches!(self, Self::Migrate | Self::Rollback | Self::Restore | Self::Baseline | Self::Adopt)
    }

    /// Whether some orders of this kind change a database.
    #[must_use]
    pub fn may_change(self) -> bool {
        self.is_run() || self == Self::Validate
    }

    /// Whether it holds the target's lock only so that nothing changes what it looks at.
    #[must_use]
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Snapshot | Self::Validate)
    }

    /// The word that stands in tables and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::Rollback => "rollback",
            Self::Snapshot => "snapshot",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Prune => "prune",
            Self::Validate => "validate",
            Self::VerifyUpgrade => "verify_upgrade",
            Self::Baseline => "baseline",
            Self::Adopt => "adopt",
            Self::Rehearse => "rehearse",
            Self::Test => "test",
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted, not begun.
    Queued,
    /// At work.
    Running,
    /// Asked to stop; ends after the current statement or migration.
    Pausing,
    /// Stopped at a safe edge; `start` goes on.
    Paused,
    /// Done.
    Succeeded,
    /// Ended without reaching its goal; the problem says what state the target is in.
    Failed,
    /// Its process went away; `start` goes on.
    Interrupted,
}

impl JobState {
    /// Whether nothing can follow.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paused | Self::Succeeded | Self::Failed | Self::Interrupted)
    }

    /// The word that stands in tables and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What can happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEvent {
    /// Its work begins.
    Began,
    /// Somebody asked it to stop.
    StopAsked,
    /// It reached its goal.
    Succeeded,
    /// It stopped at a safe edge.
    Paused,
    /// It gave up.
    Failed,
    /// Its process was found gone.
    FoundGone,
}

/// A step that the life of a job does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a job that is {} cannot go on by {event:?}", .state.as_str())]
pub struct IllegalTransition {
    /// Where it stood.
    pub state: JobState,
    /// What was to happen.
    pub event: JobEvent,
}

/// The state after `event`.
///
/// # Errors
/// When a job in `state` cannot meet `event`.
pub fn transition(state: JobState, event: JobEvent) -> Result<JobState, IllegalTransition> {
    use JobState::{Failed, Interrupted, Paused, Pausing, Queued, Running, Succeeded};
    match (state, event) {
        (Queued, JobEvent::Began) => Ok(Running),
        (Queued | Running | Pausing, JobEvent::StopAsked) => Ok(Pausing),
        (Running | Pausing, JobEvent::Succeeded) => Ok(Succeeded),
        (Running | Pausing, JobEvent::Paused) => Ok(Paused),
        (Queued | Running | Pausing, JobEvent::Failed) => Ok(Failed),
        (Queued | Running | Pausing, JobEvent::FoundGone) => Ok(Interrupted),
        _ => Err(IllegalTransition { state, event }),
    }
}

/// Why a job did not reach its goal: an RFC 9457 problem without a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobProblem {
    /// The problem's stable name: `statement-failed`; its page is in `docs/PROBLEMS.md`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The problem in a few words.
    pub title: String,
    /// What happened here: file, line, statement, the database's words.
    pub detail: String,
    /// What state the target is in now.
    pub target_state: String,
    /// What to do next.
    pub next_step: String,
}

/// A job as every door shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// The target it works on.
    pub target: String,
    /// Where it stands.
    pub state: JobState,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How far it is.
    pub progress: Progress,
    /// What it brought: a run's report, a validation's report, a snapshot's manifest.
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    /// Why it did not reach its goal.
    pub problem: Option<JobProblem>,
    /// The file that tells every step of it, on the machine where it ran, where it has one and that is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
}
