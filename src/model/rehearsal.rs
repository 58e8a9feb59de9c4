//! What was learned of a migration on a scratch copy.

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{finding::Finding, plan::RollbackKind};

/// What a scratch copy begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalFrom {
    /// The target's schema with its rows.
    #[default]
    Data,
    /// The target's schema without its rows: a way back that loses rows is not found out.
    Schema,
    /// Nothing: every migration of the catalog is tried, whatever is applied in the target.
    History,
}

/// The rows of a table that a migration left other than they were; a column that comes or goes counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its rows before; `null` when it was not there.
    pub before: Option<u64>,
    /// Its rows after; `null` when it is gone.
    pub after: Option<u64>,
}

/// A lock that a migration took of a table or index that was there before it, or of the whole database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LockHeld {
    /// The table or index; [`LockHeld::WHOLE`] where a lock is one of all of them.
    pub object: String,
    /// The lock in the server's own words: `AccessExclusiveLock`, `LOCK=SHARED`.
    pub mode: String,
    /// From the statement that took it to the end of its transaction; on PostgreSQL the commit itself is left out.
    pub held_ms: u64,
}

impl LockHeld {
    /// What a lock is of that is of everything.
    pub const WHOLE: &str = "the database";
}

/// What was learned of one migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rehearsed {
    /// Its identity.
    pub id: String,
    /// The version it leads to.
    #[schema(value_type = String)]
    pub version: Version,
    /// When.
    pub at: DateTime<Utc>,
    /// What the copy began with.
    pub from: RehearsalFrom,
    /// On which server.
    pub server: String,
    /// How it can be taken back.
    pub verdict: RollbackKind,
    /// How long it took to apply.
    pub up_ms: u64,
    /// How long it took to take back; `null` when that was not tried.
    pub down_ms: Option<u64>,
    /// The tables whose rows it changed.
    pub rows: Vec<TableRows>,
    /// The tables that the server wrote anew, or made anew under their name; `null` where it does not tell.
    pub rewritten: Option<Vec<String>>,
    /// The locks it took, but for those of plain reading; `null` where the server does not tell.
    pub locks: Option<Vec<LockHeld>>,
    /// What its way back does not restore, and what else was seen.
    pub findings: Vec<Finding>,
}

/// What is kept of it: it holds for as long as what it was made of is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRehearsal {
    /// The digest of what it was made of: both scripts, the schema before, the server.
    pub inputs: String,
    /// The fingerprint of the schema that the migration left.
    pub after: String,
    /// What was learned.
    pub rehearsed: Rehearsed,
}

/// How many migrations have which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdicts {
    /// Taken back to exactly what was before.
    pub proven: u64,
    /// Not all of it is restored.
    pub partial: u64,
    /// Not tried.
    pub claimed: u64,
    /// Without a way back.
    pub none: u64,
}

impl Verdicts {
    /// Of these.
    #[must_use]
    pub fn of(rehearsed: &[Rehearsed]) -> Self {
        let count = |kind| rehearsed.iter().filter(|one| one.verdict == kind).count() as u64;
        Self {
            proven: count(RollbackKind::Proven),
            partial: count(RollbackKind::Partial),
            claimed: count(RollbackKind::Claimed),
            none: count(RollbackKind::None),
        }
    }
}

/// What a rehearsal brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RehearsalReport {
    /// Whether every migration was tried, and its way back is proven.
    pub overall: bool,
    /// What the copy began with.
    pub from: RehearsalFrom,
    /// On which server.
    pub server: String,
    /// How many migrations have which verdict.
    pub verdicts: Verdicts,
    /// Each migration that was tried, in order.
    pub migrations: Vec<Rehearsed>,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
    /// How long it took in all.
    pub execution_time_ms: u64,
}
