//! Bodies: bounded, JSON, and strict.

use std::time::Duration;

use axum::{
    body::{self, Bytes},
    extract::{FromRequest, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::{
    front::Front,
    problem::{Problem, kinds},
};

/// A body that is too large is read on up to so many times the limit, so that the caller comes to see the answer:
/// a connection closed under a body that is still being sent shows as a broken pipe instead.
const DRAIN_TIMES: usize = 16;

/// How long that may take.
const DRAIN_MS_MAX: u64 = 5_000;

/// Takes in the whole body before anything is answered, or answers 413.
pub async fn bounded(State(front): State<Front>, request: Request, next: Next) -> Response {
    let limit = front.app.config.server.body_bytes_max;
    let declared = declared_length(request.headers());
    if declared.is_some_and(|length| length > limit) && request.headers().contains_key(header::EXPECT) {
        return too_large(limit); // the caller asked first, and has sent nothing
    }
    let (parts, body) = request.into_parts();
    match read(body, limit).await {
        Ok(bytes) => next.run(Request::from_parts(parts, bytes.into())).await,
        Err(Unread::TooLarge) => too_large(limit),
        Err(Unread::Broken) => Problem::of(&kinds::MALFORMED_REQUEST, "The body ended before its end.").into_response(),
    }
}

enum Unread {
    TooLarge,
    Broken,
}

async fn read(body: body::Body, limit: usize) -> Result<Bytes, Unread> {
    let mut chunks = body.into_data_stream();
    let mut taken = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        if taken.len() + chunk.len() > limit {
            let drain = drain(chunks, limit.saturating_mul(DRAIN_TIMES));
            let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS_MAX), drain).await;
            return Err(Unread::TooLarge);
        }
        taken.extend_from_slice(&chunk);
    }
    Ok(taken.into())
}

async fn drain(mut chunks: body::BodyDataStream, mut bytes: usize) {
    while let Some(Ok(chunk)) = chunks.next().await {
        match bytes.checked_sub(chunk.len()) {
            Some(left) => bytes = left,
            None => return,
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Response {
    Problem::of(&kinds::BODY_TOO_LARGE, format!("The body is larger than {limit} bytes.")).into_response()
}

/// The JSON body of a request. An empty body, and `null`, stand for `{}`; an unknown field is an error.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let declared_json = is_json(request.headers());
        // The length was bounded on the way in.
        let bytes = body::to_bytes(request.into_body(), usize::MAX).await;
        let bytes = bytes.map_err(|_| Problem::of(&kinds::MALFORMED_REQUEST, "The body could not be read."))?;
        if bytes.is_empty() {
            return parse(b"{}");
        }
        if !declared_json {
            return Err(Problem::of(&kinds::UNSUPPORTED_MEDIA_TYPE, "The body must be application/json."));
        }
        parse(if bytes.trim_ascii() == b"null" { b"{}" } else { &bytes })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    // An object, and no list of its values in their order, which the deserializer would take as well.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| malformed(&error.to_string()))?;
        return Err(malformed("The body must be a JSON object."));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        match place.as_str() {
            "." => malformed(&error.into_inner().to_string()),
            field => malformed(&format!("field `{field}`: {}", error.inner())),
        }
    })?;
    json.end().map_err(|error| malformed(&error.to_string()))?;
    Ok(Body(value))
}

fn malformed(detail: &str) -> Problem {
    Problem::of(&kinds::MALFORMED_BODY, detail)
}
