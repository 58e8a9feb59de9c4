//! `GET /metrics`.

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{
    finish,
    front::Front,
    headers,
    problem::{Problem, responses::PublicProblems},
};
use crate::app::App;

/// Prometheus's text format, version 0.0.4.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Figures for a monitoring system.
///
/// Prometheus's text format. From memory: the target is never asked, the control store and the archive once in a while,
/// however often this is. Not here with `metrics.enabled = false`, nor when `metrics.listen` gives it a place of its own.
#[utoipa::path(get, path = "/metrics", tag = "system", responses(
    (status = 200, description = "The figures.", body = String, content_type = "text/plain",
     example = "windlass_target_up{target=\"default\"} 1\n"),
    PublicProblems,
))]
pub async fn metrics(State(front): State<Front>) -> Result<Response, Problem> {
    let settings = &front.app.config.metrics;
    if settings.enabled && settings.listen.is_none() {
        Ok(text(&front.app).await)
    } else {
        Err(Problem::for_status(StatusCode::NOT_FOUND))
    }
}

/// What is served at `metrics.listen`: the figures, and nothing else.
pub fn metrics_router(app: App) -> Router {
    Router::new()
        .route("/metrics", get(async |State(app): State<App>| text(&app).await))
        .layer(from_fn(finish::finish))
        .layer(from_fn_with_state(app.config.clone(), headers::headers))
        .with_state(app)
}

async fn text(app: &App) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], app.metrics().await).into_response()
}
