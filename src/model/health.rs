//! The answer the frontend polls for.

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The traffic light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// As required.
    Ok,
    /// The database is older, or a run is in progress.
    Warning,
    /// The database is newer, interrupted, or cannot be reached.
    Error,
}

/// How the target stands, for whoever has to do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// As required.
    Ready,
    /// A run is at work on it, and it is not newer than the application can work with.
    Migrating,
    /// Older than required, or it lacks a migration.
    Behind,
    /// Newer than the application can work with.
    Ahead,
    /// A run was interrupted, and nobody has gone on yet.
    Interrupted,
    /// It does not answer.
    Unreachable,
}

impl Condition {
    /// The traffic light that goes with it.
    #[must_use]
    pub fn status(self) -> HealthStatus {
        match self {
            Self::Ready => HealthStatus::Ok,
            Self::Migrating | Self::Behind => HealthStatus::Warning,
            Self::Ahead | Self::Interrupted | Self::Unreachable => HealthStatus::Error,
        }
    }
}

/// A migration the health answer tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingMigration {
    /// The number it will get.
    pub number: i64,
    /// The version it leads to.
    #[schema(value_type = String)]
    pub version: Version,
    /// For a person.
    pub description: String,
}

/// The newest migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastMigration {
    /// Its place in the order of application.
    pub number: i64,
    /// For a person.
    pub description: String,
    /// By the target's clock.
    pub applied_at: DateTime<Utc>,
    /// Who asked for it; only in `/api/system/version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_by: Option<String>,
}

/// `GET /api/system/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the contract")]
pub struct Health {
    /// The traffic light.
    pub status: HealthStatus,
    /// The application's version.
    #[schema(value_type = String)]
    pub backend_version: Version,
    /// The database version it requires.
    #[schema(value_type = String)]
    pub required_db_version: Version,
    /// The database's version; `null` when it is empty or was never reached.
    #[schema(value_type = Option<String>)]
    pub actual_db_version: Option<Version>,
    /// Whether any migration is pending.
    pub migrations_pending: bool,
    /// How many.
    pub pending_count: usize,
    /// Which.
    pub pending_migrations: Vec<PendingMigration>,
    /// Whether application and database can work together now.
    pub compatible: bool,
    /// Whether a migration would help; false when the database is newer.
    pub migration_needed: bool,
    /// In one sentence.
    pub compatibility_reason: String,
    /// The newest migration that was applied.
    pub last_migration: Option<LastMigration>,
    /// Whether a run is at work on the target now.
    pub migration_running: bool,
    /// When the target was last looked at.
    pub checked_at: DateTime<Utc>,
    /// When this answer was made.
    pub timestamp: DateTime<Utc>,
}
