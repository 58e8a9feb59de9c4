//! windlass's routes, for the router of an application.

use axum::Router;

use super::Windlass;
use crate::{api, app::OpenError, lifecycle};

/// All routes of the service, for a router of the application's own: `Router::nest("/ops", routes)`, or
/// `Router::fallback_service(routes)` where they are to lie at the root. Health and the other public routes need no token there
/// either, and every other route does.
///
/// Reads the keys (and makes a secret when none is configured) and the catalog, and begins to look after the database on tasks
/// of its own: it is looked at once every `health.interval`, an interrupted run is finished, and what is due for the snapshots is
/// done. All of that goes on until [`Windlass::stop`], whatever becomes of the router; so call this once, within a
/// Tokio runtime that lasts.
///
/// Serve the application with `into_make_service_with_connect_info::<SocketAddr>()`: without the address of the peer all callers
/// count as one, in the limits of rate above all. Whether a token comes over TLS is the application's to see to.
///
/// # Errors
/// [`OpenError`] when the keys or the catalog cannot be used. The database is not asked, and may be away.
pub async fn router(windlass: &Windlass) -> Result<Router, OpenError> {
    let app = windlass.app.clone().for_service().await?;
    let tasks = &windlass.looking_after;
    tasks.spawn(lifecycle::look_after(app.clone()));
    tasks.spawn({
        let app = app.clone();
        async move { app.watch().await }
    });
    Ok(api::nestable(app))
}
