//! What is asked of the archive of snapshots, and what comes of it.

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    report::ValidationReport,
    snapshot::{Scheme, SnapshotId},
};

/// Which snapshots may go. Without any of the three, those that the settings let go (`snapshots.keep_days`,
/// `snapshots.keep_count`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneRule {
    /// Only those that are older than so many days.
    pub older_than_days: Option<u32>,
    /// None of the newest so many.
    pub keep: Option<u32>,
    /// Only those with this tag.
    pub tag: Option<String>,
}

impl PruneRule {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A snapshot that went, or in a dry run would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pruned {
    /// Which.
    pub id: SnapshotId,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// What it took in the store.
    pub bytes: u64,
}

/// A snapshot that the rule would let go and that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptBack {
    /// Which.
    pub id: SnapshotId,
    /// What it is needed for.
    pub reason: String,
}

/// What became of a clean-up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PruneReport {
    /// Whether nothing was removed because nobody wanted it to.
    pub dry_run: bool,
    /// What went, oldest first.
    pub removed: Vec<Pruned>,
    /// What the rule would let go and is needed.
    pub kept_back: Vec<KeptBack>,
    /// How many are left.
    pub left: usize,
    /// What all that went took in the store.
    pub freed_bytes: u64,
}

/// What came of a look at one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// Which.
    pub id: SnapshotId,
    /// Whether it is as it was written, and, when looked at in depth, can be restored.
    pub whole: bool,
    /// Whether it was restored into a scratch database and compared.
    pub deep: bool,
    /// How long that took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_ms: Option<u64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What came of a look at snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyReport {
    /// Whether all are whole.
    pub overall: bool,
    /// One for each, in the order in which they were looked at.
    pub verdicts: Vec<Verdict>,
}

/// Rows of a table now and in a snapshot; a table that is not there has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableChange {
    /// The table.
    pub table: String,
    /// Rows now.
    pub rows_now: Option<u64>,
    /// Rows in the snapshot; `null` as well for a table whose rows could not be counted with it.
    pub rows_then: Option<u64>,
}

/// What something takes of a disk, and what is left there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpaceNeed {
    /// What for: `snapshot`, `rewrite and log`, `restore`.
    pub purpose: String,
    /// Where.
    pub place: String,
    /// A forecast of what it takes.
    pub needed_bytes: u64,
    /// What is left there for everything of this forecast together; `null` where that cannot be seen from here.
    pub free_bytes: Option<u64>,
}

/// What a restore did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RestoreReport {
    /// What was restored.
    pub snapshot: SnapshotId,
    /// Whether nothing was changed because nobody wanted it to.
    pub dry_run: bool,
    /// The other database that it went into; `null` for the target itself.
    pub into: Option<String>,
    /// The snapshot of the state before, which leads back.
    pub before: Option<SnapshotId>,
    /// The version before.
    #[schema(value_type = Option<String>)]
    pub from: Option<Version>,
    /// The version that the snapshot holds.
    #[schema(value_type = Option<String>)]
    pub to: Option<Version>,
    /// The tables whose number of rows differs between now and the snapshot; only of a dry run.
    pub tables: Vec<TableChange>,
    /// The room it takes; only of a dry run.
    pub space: Vec<SpaceNeed>,
    /// What validation found afterwards; `null` for another database and for a dry run.
    pub validation: Option<ValidationReport>,
    /// How long it took.
    pub execution_time_ms: u64,
}

/// A snapshot in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Brief {
    /// Which.
    pub id: SnapshotId,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// How old it is.
    pub age_ms: u64,
    /// The database's version in it.
    #[schema(value_type = Option<String>)]
    pub db_version: Option<Version>,
}

/// The newest look at a snapshot that found it whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastVerified {
    /// Which.
    pub id: SnapshotId,
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// How long ago that is.
    pub age_ms: u64,
    /// Whether it was restored into a scratch database and compared.
    pub deep: bool,
    /// How long that restore took.
    pub restore_ms: Option<u64>,
}

/// How the archive stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveStatus {
    /// Where the snapshots are.
    pub place: String,
    /// How new ones are sealed: `age`, or `none`.
    pub encryption: Scheme,
    /// How many there are.
    pub count: usize,
    /// What they take.
    pub bytes: u64,
    /// The newest.
    pub newest: Option<Brief>,
    /// The newest above which a run validated.
    pub last_good: Option<Brief>,
    /// The newest look that found one whole.
    pub last_verified: Option<LastVerified>,
    /// When a service takes the next one by itself; `null` when none does (`snapshots.every`).
    pub next_snapshot_at: Option<DateTime<Utc>>,
    /// When a service looks at one by itself; `null` when none does (`snapshots.verify_every`).
    pub next_verification_at: Option<DateTime<Utc>>,
    /// What is there and cannot be used, and what was found damaged, in words.
    pub problems: Vec<String>,
}
