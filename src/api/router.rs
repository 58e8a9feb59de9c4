//! The table of routes and layers.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    at_once, body, deadline, docs, finish, front::Front, guard, headers, health, log, metrics, migration, openapi,
    pages, probes, problem::Problem, system,
};
use crate::{
    app::App,
    lifecycle::{Door, Doors, later},
};

/// What is behind the listeners of a service.
#[must_use]
pub fn doors(app: App) -> Doors {
    let front = Front::of(app.clone());
    let main = Door { at_once: Some(at_once::answers(front.clone())), routes: later(|| routed(front)) };
    Doors { main, metrics: metrics::metrics_router(app) }
}

/// The HTTP service.
pub fn router(app: App) -> Router {
    routed(Front::of(app))
}

fn routed(front: Front) -> Router {
    let (described, _) = routes().split_for_parts();
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(front.clone(), log::log))
        .layer(from_fn_with_state(front.app.config.clone(), headers::headers))
        .layer(from_fn(finish::finish))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(finish::panicked))
        .layer(from_fn_with_state(front.clone(), deadline::deadline))
        .layer(from_fn_with_state(front.clone(), body::bounded))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(front.clone(), guard::guard));
    described
        .route("/", get(pages::status))
        .route("/status.css", get(pages::style))
        .route("/status.js", get(pages::script))
        .route("/icon.svg", get(pages::icon))
        .route("/system-alert.js", get(pages::banner))
        .route("/api/docs", get(docs::page))
        .route("/api/docs/", get(docs::page))
        .route("/api/docs/{*file}", get(docs::file))
        .fallback(no_such_route)
        .layer(layers)
        .with_state(front)
}

/// Every route that the API document describes. `guard::PUBLIC` says which of them need no token.
pub fn routes() -> OpenApiRouter<Front> {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(probes::livez))
        .routes(routes!(probes::readyz))
        .routes(routes!(openapi::openapi))
        .routes(routes!(metrics::metrics))
        .routes(routes!(system::health::health))
        .routes(routes!(system::version::version))
        .routes(routes!(health::application::application_health))
        .routes(routes!(health::database::database_health))
        .routes(routes!(health::migrations::migrations_health))
        .routes(routes!(migration::plan::plan))
        .routes(routes!(migration::progress::progress))
        .routes(routes!(migration::status::status))
        .routes(routes!(migration::analytics::analytics))
        .routes(routes!(migration::logs::logs))
        .routes(routes!(migration::snapshots::snapshots))
        .routes(routes!(migration::snapshots::snapshot))
        .routes(routes!(migration::snapshot_status::snapshot_status))
        .routes(routes!(migration::verify_snapshot::verify_snapshot))
        .routes(routes!(migration::restore_snapshot::restore_snapshot))
        .routes(routes!(migration::prune::prune))
        .routes(routes!(migration::snapshot::snapshot))
        .routes(routes!(migration::rehearse::rehearse))
        .routes(routes!(migration::start::start))
        .routes(routes!(migration::stop::stop))
        .routes(routes!(migration::validate::validate))
        .routes(routes!(migration::verify_upgrade::verify_upgrade))
        .routes(routes!(migration::rollback::rollback))
}

async fn no_such_route() -> Problem {
    Problem::for_status(StatusCode::NOT_FOUND)
}
