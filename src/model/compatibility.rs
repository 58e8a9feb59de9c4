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

/// Whether the application can work with one version of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionFit {
    /// The version of the database.
    pub db_version: Version,
    /// How many migrations lead to it from the version before.
    pub migrations: usize,
    /// The oldest application that can work with everything applied up to it; `None` for any.
    pub min_runtime_version: Option<Version>,
    /// The newest; `None` for any.
    pub max_runtime_version: Option<Version>,
    /// Whether this application can.
    pub compatible: bool,
}

/// How it stands now, and against every version there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// How it stands now.
    pub compatibility: Compatibility,
    /// Every version of the catalog, oldest first; `None` where the catalog cannot be asked for.
    pub versions: Option<Vec<VersionFit>>,
}
