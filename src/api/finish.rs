//! Whatever fails, fails as a problem: also what a library answered with plain text or nothing.

use std::any::Any;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::{Problem, kinds};

/// Headers that belong to the body which is replaced.
const OF_THE_BODY: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::TRANSFER_ENCODING];

/// Replaces the body of a failure that is not JSON by a problem. Its other headers (`Allow`, …) stay.
pub async fn finish(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_json(response.headers()) {
        return response;
    }
    let mut kept = response.into_parts().0.headers;
    for name in OF_THE_BODY {
        kept.remove(name);
    }
    let mut problem = Problem::for_status(status).into_response();
    problem.headers_mut().extend(kept);
    problem
}

/// The answer of a handler that panicked. The words of the panic go to the log alone.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no words)");
    tracing::error!(panic = words, "a handler panicked: {words}");
    Problem::of(&kinds::INTERNAL, "The cause is in the log.").into_response()
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    matches!(content_type.split(';').next(), Some("application/json" | "application/problem+json"))
}
