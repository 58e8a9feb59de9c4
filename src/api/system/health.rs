//! `GET /api/system/health`.

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    api::{front::Front, problem::responses::PublicProblems},
    model::health::Health,
};

/// Whether application and database can work together now.
///
/// Answered from memory: the target is looked at once in `health.interval`, however many ask. `timestamp` is the moment
/// of that look. With `If-None-Match` the answer is 304 while nothing but the times has changed.
#[utoipa::path(get, path = "/api/system/health", tag = "system", responses(
    (status = 200, description = "`ok`: as required. `warning`: the database is older, or a run is in progress.",
     body = Health, headers(("ETag" = String, description = "Weak: ignores the times."))),
    (status = 304, description = "Nothing but the times has changed."),
    (status = 500, description = "`error`: the database is newer than the application, or a run was interrupted.", body = Health),
    (status = 503, description = "`error`: the database does not answer.", body = Health),
    PublicProblems,
))]
pub async fn health(State(front): State<Front>, asked: HeaderMap) -> Response {
    front.prints().health.answer(&asked)
}
