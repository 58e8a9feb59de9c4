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

/// With those that are added on the way to the caller: there is place for them from the beginning.
const HEADERS_EXPECTED: usize = 16;

/// A printed answer.
#[derive(Debug, Clone)]
pub struct Printed {
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
    etag: HeaderValue,
    cache_control: HeaderValue,
}

impl Printed {
    /// An answer whose sameness is that of `essence`: what two bodies share that a reader need not tell apart.
    ///
    /// The tag is a weak one: the bytes may differ in what `essence` leaves out, and in their compression.
    pub fn of(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>, essence: &[u8]) -> Self {
        let digest = Sha256::digest(essence);
        let short = BASE64_URL_SAFE_NO_PAD.encode(&digest[..ETAG_BYTES]);
        let etag = HeaderValue::try_from(format!("W/\"{short}\"")).unwrap_or(HeaderValue::from_static("W/\"\""));
        Self {
            status,
            content_type: HeaderValue::from_static(content_type),
            body: body.into(),
            etag,
            cache_control: HeaderValue::from_static("no-cache"),
        }
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
        let anew = Self::of(self.status, "", body.clone(), &body);
        Self { content_type: self.content_type.clone(), cache_control: self.cache_control.clone(), ..anew }
    }

    /// The same, to be kept by whoever has it as `cache_control` says; without this it is asked for again each time.
    pub fn kept(mut self, cache_control: &'static str) -> Self {
        self.cache_control = HeaderValue::from_static(cache_control);
        self
    }

    /// The answer, or 304 when the caller has it. A failure is never left out: RFC 9110, section 13.2.1.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let mut response = Response::new(Body::empty());
        let mut headers = HeaderMap::with_capacity(HEADERS_EXPECTED);
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        if self.status.is_success() && self.is_known(asked) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.status_mut() = self.status;
            *response.body_mut() = self.body.clone().into();
            headers.insert(header::CONTENT_TYPE, self.content_type.clone());
        }
        *response.headers_mut() = headers;
        response
    }

    /// Whether `If-None-Match` names this answer, by the weak comparison of RFC 9110, section 8.8.3.2.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = self.etag.to_str().map(opaque).unwrap_or_default();
        let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == own)
    }
}
