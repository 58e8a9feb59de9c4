//! Where the newest look at the target hangs, for everybody to read from memory.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::health::{Condition, Health, LastMigration};

/// The database's part of `GET /api/system/version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseVersion {
    /// Its version; `null` when it is empty or was never reached.
    #[schema(value_type = Option<String>)]
    pub version: Option<Version>,
    /// The number of the newest migration; 0 without one.
    pub migration_number: i64,
    /// The newest migration.
    pub last_migration: Option<LastMigration>,
    /// How many the catalog has.
    pub total_migrations_available: usize,
}

/// What `GET /api/system/version` tells of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionAnswer {
    /// The database's part.
    pub database: DatabaseVersion,
    /// Whether application and database can work together now.
    pub compatible: bool,
    /// In one sentence.
    pub reason: String,
}

/// What a look found besides, in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// How long it took to connect, when that was last needed.
    pub connection_ms: u64,
    /// How long the target took to answer.
    pub query_ms: u64,
    /// The application's tables.
    pub tables: u64,
    /// The migrations in its history.
    pub executed: usize,
    /// Whether nothing critical is to be said of that history, and nothing was interrupted.
    pub valid: bool,
}

/// One look at the target.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The answer the frontend polls for.
    pub health: Health,
    /// How it stands.
    pub condition: Condition,
    /// What was found besides; of the last look that was answered.
    pub figures: Figures,
    /// What the version route tells.
    pub version: VersionAnswer,
}

impl Sample {
    /// Whether the target answered.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.condition != Condition::Unreachable
    }

    /// Whether anything can be said of what is in the target: it answers, or it did before and had something in it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_reachable() || self.health.actual_db_version.is_some()
    }
}

/// Where the newest sample hangs. Reading never waits.
#[derive(Clone)]
pub struct HealthBoard(Arc<ArcSwap<Sample>>);

impl HealthBoard {
    /// A board with a first sample.
    #[must_use]
    pub fn showing(sample: Sample) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(sample)))
    }

    /// The newest sample.
    #[must_use]
    pub fn read(&self) -> Arc<Sample> {
        self.0.load_full()
    }

    /// The same, without counting one more reader of it: of thousands a second, each would wait for the others' count.
    pub(crate) fn glance(&self) -> Guard<Arc<Sample>> {
        self.0.load()
    }

    /// Hangs up a newer one.
    pub fn show(&self, sample: Sample) {
        self.0.store(Arc::new(sample));
    }
}
