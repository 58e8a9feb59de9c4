//! `GET /api/system/version`.

use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use semver::Version;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{front::Front, problem::responses::PublicProblems},
    monitor::{DatabaseVersion, VersionAnswer},
};

/// The application's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Backend {
    /// The application's version.
    #[schema(value_type = String, example = "0.5.0")]
    version: Version,
    /// The commit windlass was built from; `unknown` when it was not built in a checkout.
    #[schema(example = "abc123def456")]
    commit_hash: &'static str,
    /// When windlass was built.
    build_date: DateTime<Utc>,
    /// The compiler windlass was built with.
    #[schema(example = "1.95.0")]
    rust_version: &'static str,
}

/// Whether they can work together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Whether application and database can work together now.
    compatible: bool,
    /// In one sentence.
    #[schema(example = "Versions match")]
    reason: String,
}

/// `GET /api/system/version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionDocument {
    /// The application's part.
    backend: Backend,
    /// The database's part.
    database: DatabaseVersion,
    /// Whether they can work together.
    compatibility: Verdict,
}

impl Backend {
    /// The application of this version, served by this build.
    pub fn of(version: &Version) -> Self {
        let built_s = env!("WINDLASS_BUILD_EPOCH_S").parse().unwrap_or_default();
        Self {
            version: version.clone(),
            commit_hash: env!("WINDLASS_BUILD_COMMIT"),
            build_date: DateTime::from_timestamp(built_s, 0).unwrap_or_default(),
            rust_version: env!("WINDLASS_BUILD_RUST"),
        }
    }
}

impl VersionDocument {
    /// All three parts.
    pub fn of(backend: Backend, answer: &VersionAnswer) -> Self {
        let compatibility = Verdict { compatible: answer.compatible, reason: answer.reason.clone() };
        Self { backend, database: answer.database.clone(), compatibility }
    }
}

/// Which versions are at work here.
///
/// Answered from memory, like health, and 200 whatever the database is like.
#[utoipa::path(get, path = "/api/system/version", tag = "system", responses(
    (status = 200, description = "The application, the database, and whether they can work together.",
     body = VersionDocument, headers(("ETag" = String, description = "Weak."))),
    (status = 304, description = "Nothing has changed."),
    PublicProblems,
))]
pub async fn version(State(front): State<Front>, asked: HeaderMap) -> Response {
    front.prints().version.answer(&asked)
}
