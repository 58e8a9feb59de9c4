//! Whether the application can work with the database as it is.

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How compatibility is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompatibilityPolicy {
    /// The database has exactly the required version.
    #[default]
    Exact,
    /// The application's version lies within the runtime versions of every applied migration.
    Range,
}

/// The database's place relative to what the application needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is as required.
    Match,
    /// It is older, or empty: migrate.
    Behind,
    /// It is newer: update the application.
    Ahead,
}

/// The answer, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Compatibility {
    /// The application's version.
    #[schema(value_type = String)]
    pub backend_version: Version,
    /// The database version it requires.
    #[schema(value_type = String)]
    pub required_db_version: Version,
    /// The database's version; `None` when nothing was applied.
    #[schema(value_type = Option<String>)]
    pub actual_db_version: Option<Version>,
    /// Whether they can work together now.
    pub compatible: bool,
    /// Whether a migration would help; false when the database is newer.
    pub migration_needed: bool,
    /// Older, newer, or as required.
    pub standing: Standing,
    /// In one sentence.
    pub reason: String,
}
