//! `GET /api/health`.

use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use semver::Version;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{conditional::Printed, front::Front, press::status_of, problem::responses::PublicProblems},
    model::health::HealthStatus,
    monitor::Sample,
};

/// Whether the database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Connection {
    /// It did when it was last looked at.
    Connected,
    /// It did not.
    Disconnected,
}

/// `GET /api/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationHealth {
    /// The traffic light, as in `/api/system/health`.
    status: HealthStatus,
    /// When the database was last looked at.
    timestamp: DateTime<Utc>,
    /// The configured environment; `null` without one.
    #[schema(example = "production")]
    environment: Option<String>,
    /// The application's version.
    #[schema(value_type = String, example = "1.0.0")]
    version: Version,
    /// Whether the database answers.
    database: Connection,
}

impl ApplicationHealth {
    /// Printed from one sample.
    pub fn print(sample: &Sample, environment: Option<&str>) -> Printed {
        let answer = Self {
            status: sample.health.status,
            timestamp: sample.health.checked_at,
            environment: environment.map(str::to_owned),
            version: sample.health.backend_version.clone(),
            database: if sample.is_reachable() { Connection::Connected } else { Connection::Disconnected },
        };
        let essence = Self { timestamp: DateTime::UNIX_EPOCH, ..answer.clone() };
        Printed::json(status_of(sample), &answer, &essence)
    }
}

/// Whether the application can work, in short.
///
/// Answered from memory, with the statuses of `/api/system/health`.
#[utoipa::path(get, path = "/api/health", tag = "system", responses(
    (status = 200, description = "`ok`, or `warning`: the database is older, or a run is in progress.",
     body = ApplicationHealth, headers(("ETag" = String, description = "Weak: ignores the time."))),
    (status = 304, description = "Nothing but the time has changed."),
    (status = 500, description = "`error`: the database is newer than the application, or a run was interrupted.",
     body = ApplicationHealth),
    (status = 503, description = "`error`: the database does not answer.", body = ApplicationHealth),
    PublicProblems,
))]
pub async fn application_health(State(front): State<Front>, asked: HeaderMap) -> Response {
    front.prints().application_health.answer(&asked)
}
