//! No request waits for ever.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    front::Front,
    negotiate::preferred_wait,
    problem::{Problem, kinds},
};

/// Answers 503 when a handler takes longer than configured, plus what the caller asked to wait for.
/// The body of an answer, a stream for example, may take longer.
pub async fn deadline(State(front): State<Front>, request: Request, next: Next) -> Response {
    let wait = preferred_wait(request.headers()).unwrap_or_default();
    let limit = front.app.config.server.request_timeout + wait;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::of(&kinds::TIMED_OUT, format!("There was no answer within {} ms.", limit.as_millis()))
            .into_response(),
    }
}
