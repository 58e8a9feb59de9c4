//! How long what was done took, and how it ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{job::JobKind, migration::Direction};

/// What the kept jobs of a target tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Analytics {
    /// How many jobs it was made of; the newest ones.
    pub jobs: u32,
    /// Each kind of job that ran, in the order of its name.
    pub kinds: Vec<KindTimes>,
    /// Each migration that ran, the longest first.
    pub migrations: Vec<MigrationTimes>,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Times {
    /// The shortest time.
    pub least_ms: u64,
    /// As many took longer as took less; of an even number, the longer of the two in the middle.
    pub median_ms: u64,
    /// The longest time.
    pub most_ms: u64,
}

/// The jobs of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindTimes {
    /// The kind.
    pub kind: JobKind,
    /// How many reached their goal.
    pub succeeded: u32,
    /// How many did not.
    pub failed: u32,
    /// How many were stopped, and can be gone on with.
    pub paused: u32,
    /// How many lost their process.
    pub interrupted: u32,
    /// How long those took that reached their goal; `null` when none did.
    pub times: Option<Times>,
    /// When the newest one ended.
    pub last_at: Option<DateTime<Utc>>,
}

/// One migration, in one direction. Dry runs do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MigrationTimes {
    /// Its identity.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// How often it was done.
    pub succeeded: u32,
    /// How often it failed.
    pub failed: u32,
    /// How long it took when it was done; `null` when it never was.
    pub times: Option<Times>,
}
