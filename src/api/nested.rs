//! windlass inside another application's router, under a prefix or without one.

use std::convert::Infallible;

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath, NestedPath, Request},
    http::{Extensions, HeaderValue, header, request::Parts},
    middleware::{Next, from_fn},
    response::Response,
};

use super::router;
use crate::app::App;

/// The HTTP service, to be nested in a router of another application: what it answers with tells of itself where it is found.
pub fn nestable(app: App) -> Router {
    router(app).layer(from_fn(located))
}

/// Whether `request` was matched with windlass's own `route`, wherever windlass is nested.
///
/// Two must say so, the path that is left under the prefix, by which windlass's routes are told apart, and the whole path that the
/// request was matched with; so that no prefix, however it is spelled, and no middleware that changes paths on the way makes
/// one route look like another.
pub fn is_for(route: &str, request: &Request) -> bool {
    let Some(matched) = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) else { return false };
    let path = request.uri().path();
    match route.split_once("{*") {
        None if route == "/" => path == "/" && is_root(matched, request.extensions()),
        None => path == route && matched.ends_with(route),
        Some((folder, _)) => path.starts_with(folder) && matched.ends_with(route),
    }
}

/// A prefix stands for the root below it, with or without a slash at its end.
fn is_root(matched: &str, extensions: &Extensions) -> bool {
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    matched == "/" || extensions.get::<NestedPath>().is_some_and(|prefix| bare(prefix.as_str()) == bare(matched))
}

/// What stands before windlass's own paths, `/ops/windlass`; empty where it is not nested, and where the prefix is not the same for
/// every request.
#[derive(Debug, Default)]
pub struct Prefix(pub String);

impl<S: Sync> FromRequestParts<S> for Prefix {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        let prefix = parts.extensions.get::<NestedPath>().map(|prefix| prefix.as_str().trim_end_matches('/'));
        Ok(Self(prefix.filter(|prefix| prefix.chars().all(plain)).unwrap_or_default().to_owned()))
    }
}

/// Tells where a job is to be found from outside.
async fn located(Prefix(prefix): Prefix, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let location = location.filter(|location| location.starts_with('/') && !prefix.is_empty());
    if let Some(location) = location.and_then(|path| HeaderValue::try_from(format!("{prefix}{path}")).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
