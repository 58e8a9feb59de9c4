//! Answers that are printed once and asked for often.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bytes of the digest that an `ETag` is made of.
const ETAG_BYTES: usize = 12;

/// A printed answer.
#[derive(Debug, Clone)]
pub struct Printed {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Printed {
    /// An answer whose sameness is that of `essence`: what two bodies share that a reader need not tell apart.
    ///
    /// The tag is a weak one: the bytes may differ in what `essence` leaves out, and in their compression.
    pub fn of(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>, essence: &[u8]) -> Self {
        let digest = Sha256::digest(essence);
        let short = BASE64_URL_SAFE_NO_PAD.encode(&digest[..ETAG_BYTES]);
        let etag = HeaderValue::try_from(format!("W/\"{short}\"")).unwrap_or(HeaderValue::from_static("W/\"\""));
        let headers = [
            (header::ETAG, etag),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        ];
        Self { status, headers: headers.into_iter().collect(), body: body.into() }
    }

    /// A document, whose sameness is that of `essence`: the same without its times.
    pub fn json<T: Serialize>(status: StatusCode, document: &T, essence: &T) -> Self {
        let text = |document| serde_json::to_vec(document).unwrap_or_default();
        Self::of(status, "application/json", text(document), &text(essence))
    }

    /// A file, which is what it is.
    pub fn file(content_type: &'static str, text: impl Into<Bytes>) -> Self {
        let body = text.into();
        Self::of(StatusCode::OK, content_type, body.clone(), &body)
    }

    /// The same with another text.
    pub fn rewritten(&self, rewrite: impl FnOnce(&str) -> String) -> Self {
        let body = Bytes::from(rewrite(&String::from_utf8_lossy(&self.body)));
        let mut anew = Self::of(self.status, "", body.clone(), &body);
        for name in [header::CONTENT_TYPE, header::CACHE_CONTROL] {
            if let Some(value) = self.headers.get(&name) {
                anew.headers.insert(name, value.clone());
            }
        }
        anew
    }

    /// The same, to be kept by whoever has it as `cache_control` says; without this it is asked for again each time.
    pub fn kept(mut self, cache_control: &'static str) -> Self {
        self.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
        self
    }

    /// The same, with these headers where it has none of their name.
    pub fn with(mut self, headers: &HeaderMap) -> Self {
        for (name, value) in headers {
            self.headers.entry(name).or_insert_with(|| value.clone());
        }
        self
    }

    /// The answer, or 304 when the caller has it. A failure is never left out: RFC 9110, section 13.2.1.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let is_known = self.status.is_success() && self.is_known(asked);
        let mut response = Response::new(if is_known { Body::empty() } else { self.body.clone().into() });
        *response.headers_mut() = self.headers.clone();
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(header::CONTENT_TYPE);
        } else {
            *response.status_mut() = self.status;
        }
        response
    }

    /// Whether `If-None-Match` names this answer, by the weak comparison of RFC 9110, section 8.8.3.2.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let own = self.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(opaque).unwrap_or_default();
        values.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == own)
    }
}

/// What of a tag counts in the weak comparison.
fn opaque(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}
