//! `GET /api/health/database`.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{conditional::Printed, front::Front, problem::responses::PublicProblems},
    model::health::HealthStatus,
    monitor::Sample,
};

/// How many there are; which ones is for administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Collections {
    /// The application's tables.
    total: u64,
}

/// The connection, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Database {
    /// Whether it answered when it was last looked at.
    connected: bool,
    /// How long it took to connect, the last time that was needed.
    #[schema(example = 50)]
    connection_time_ms: u64,
    /// How long it took to answer.
    #[schema(example = 25)]
    query_time_ms: u64,
    /// The application's tables.
    collections: Collections,
}

/// `GET /api/health/database`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DatabaseHealth {
    /// `ok` or `error`.
    status: HealthStatus,
    /// When it was last looked at.
    timestamp: DateTime<Utc>,
    /// The connection. While there is none, the figures are those of the last look that was answered.
    database: Database,
}

impl DatabaseHealth {
    /// Printed from one sample.
    pub fn print(sample: &Sample) -> Printed {
        let (http, status) = if sample.is_reachable() {
            (StatusCode::OK, HealthStatus::Ok)
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Error)
        };
        let figures = &sample.figures;
        let told = |timestamp, connection_time_ms, query_time_ms| {
            let collections = Collections { total: figures.tables };
            let database =
                Database { connected: sample.is_reachable(), connection_time_ms, query_time_ms, collections };
            Self { status, timestamp, database }
        };
        let answer = told(sample.health.checked_at, figures.connection_ms, figures.query_ms);
        Printed::json(http, &answer, &told(DateTime::UNIX_EPOCH, 0, 0))
    }
}

/// Whether the database answers, and how fast.
///
/// Answered from memory: the figures are those of the newest look, of which there is one in `health.interval`, however many ask.
#[utoipa::path(get, path = "/api/health/database", tag = "system", responses(
    (status = 200, description = "It answers.", body = DatabaseHealth,
     headers(("ETag" = String, description = "Weak: ignores the times."))),
    (status = 304, description = "Nothing but the times has changed."),
    (status = 503, description = "It does not answer.", body = DatabaseHealth),
    PublicProblems,
))]
pub async fn database_health(State(front): State<Front>, asked: HeaderMap) -> Response {
    front.prints().database_health.answer(&asked)
}
