//! `GET /api/health/migrations`.

use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{conditional::Printed, front::Front, press::status_of, problem::responses::PublicProblems},
    model::health::HealthStatus,
    monitor::Sample,
};

/// The migrations, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Migrations {
    /// In the catalog.
    #[schema(example = 5)]
    total: usize,
    /// In the database's history.
    #[schema(example = 5)]
    executed: usize,
    /// Missing in the database, up to the required version.
    pending: usize,
    /// Whether the history fits the catalog: nothing was changed since it was applied, nothing was interrupted, and the
    /// database is not newer than the application.
    valid: bool,
}

/// `GET /api/health/migrations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MigrationsHealth {
    /// The traffic light, as in `/api/system/health`.
    status: HealthStatus,
    /// When the database was last looked at.
    timestamp: DateTime<Utc>,
    /// The migrations. While the database does not answer, those of the last look that was answered.
    migrations: Migrations,
}

impl MigrationsHealth {
    /// Printed from one sample.
    pub fn print(sample: &Sample) -> Printed {
        let answer = Self {
            status: sample.health.status,
            timestamp: sample.health.checked_at,
            migrations: Migrations {
                total: sample.version.database.total_migrations_available,
                executed: sample.figures.executed,
                pending: sample.health.pending_count,
                valid: sample.figures.valid,
            },
        };
        let essence = Self { timestamp: DateTime::UNIX_EPOCH, ..answer.clone() };
        Printed::json(status_of(sample), &answer, &essence)
    }
}

/// Whether the migrations are as required, counted.
///
/// Answered from memory, with the statuses of `/api/system/health`.
#[utoipa::path(get, path = "/api/health/migrations", tag = "system", responses(
    (status = 200, description = "`ok`, or `warning`: some are pending, or a run is in progress.",
     body = MigrationsHealth, headers(("ETag" = String, description = "Weak: ignores the time."))),
    (status = 304, description = "Nothing but the time has changed."),
    (status = 500, description = "`error`: the database is newer than the application, or a run was interrupted.",
     body = MigrationsHealth),
    (status = 503, description = "`error`: the database does not answer.", body = MigrationsHealth),
    PublicProblems,
))]
pub async fn migrations_health(State(front): State<Front>, asked: HeaderMap) -> Response {
    front.prints().migrations_health.answer(&asked)
}
