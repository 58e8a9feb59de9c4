//! An orchestrator's probes.

use axum::extract::State;

use super::{
    front::Front,
    problem::{Details, Problem, kinds},
};

/// Whether the process lives.
///
/// Always 200 while it does, whatever the database is like: a restart would not help.
#[utoipa::path(get, path = "/livez", tag = "system", responses(
    (status = 200, description = "It lives.", body = String, content_type = "text/plain", example = "ok"),
))]
pub async fn livez() -> &'static str {
    "ok"
}

/// Whether it can be asked.
///
/// 503 when the database does not answer, or the service is stopping.
#[utoipa::path(get, path = "/readyz", tag = "system", responses(
    (status = 200, description = "It can be asked.", body = String, content_type = "text/plain", example = "ok"),
    (status = 503, description = "Not now.", body = Details, content_type = "application/problem+json"),
))]
pub async fn readyz(State(front): State<Front>) -> Result<&'static str, Problem> {
    if front.app.stopping.is_cancelled() {
        return Err(Problem::of(&kinds::STOPPING, "The service is stopping."));
    }
    if !front.app.health.read().is_reachable() {
        return Err(Problem::of(&kinds::TARGET_UNREACHABLE, "The database does not answer."));
    }
    Ok("ok")
}
