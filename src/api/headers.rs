//! Headers that every answer carries, unless its route set them itself.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::config::Config;

const DEFAULTS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// To ask over TLS alone for two years from now on; browsers heed it in what came over TLS (RFC 6797, section 8.1).
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Adds what is missing.
pub async fn headers(State(config): State<Arc<Config>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(&config, &mut response);
    response
}

/// The same, to an answer.
pub fn add(config: &Config, response: &mut Response) {
    if config.server.tls_certificate.is_some() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    for (name, value) in DEFAULTS {
        response.headers_mut().entry(name).or_insert(value);
    }
}

/// The same, for answers that are printed: what every one of them carries.
pub fn of_all(config: &Config) -> HeaderMap {
    let mut empty = Response::default();
    add(config, &mut empty);
    std::mem::take(empty.headers_mut())
}
