//! A name for each request, and one line in the log. Never a header's value, never a query.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, Span, field::Empty};
use ulid::Ulid;

use super::{address::client_address, front::Front};
use crate::{
    meters::Tally,
    telemetry::{TRACE, hang_under},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The caller's own trace (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The longest name that is taken over from the caller.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Routes that are asked all the time, and told of at `debug` only.
const FREQUENT: [&str; 8] = [
    "/livez",
    "/readyz",
    "/metrics",
    "/api/system/health",
    "/api/health",
    "/api/health/database",
    "/api/health/migrations",
    "/",
];

/// Whose request it is; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Whose request it is. Requests that came over no socket count as one client.
    pub fn of(extensions: &Extensions) -> IpAddr {
        extensions.get::<Self>().map_or(Ipv4Addr::UNSPECIFIED.into(), |client| client.0)
    }
}

/// Names the request, answers with that name, and tells of it when it is answered.
pub async fn log(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(no route)", MatchedPath::as_str);
    let method = request.method().clone();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let entry = Entry::begin(&front, &method, route, request.headers(), peer);
    if let Some(client) = entry.client {
        request.extensions_mut().insert(ClientAddress(client));
    }
    let span = tracing::info_span!("request", request.id = entry.id);

    let traced = traced(&span, &method, route, &entry.id);
    if let Some(parent) = parent(request.headers()) {
        hang_under(&traced, parent);
    }
    let mut response = next.run(request).instrument(traced.clone()).instrument(span).await;

    traced.record("http.response.status_code", response.status().as_u16());
    entry.end(&mut response);
    response
}

/// A request that is being answered.
pub(super) struct Entry<'a> {
    front: &'a Front,
    method: &'a Method,
    route: &'a str,
    client: Option<IpAddr>,
    id: String,
    began: Instant,
}

impl<'a> Entry<'a> {
    /// Names a request for `route` that came from `peer`.
    pub fn begin(
        front: &'a Front,
        method: &'a Method,
        route: &'a str,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Self {
        let client = peer.map(|peer| client_address(peer, headers, &front.app.config.server.trusted_proxies));
        Self { front, method, route, client, id: request_id(headers), began: Instant::now() }
    }

    /// Whose request it is.
    pub fn client(&self) -> IpAddr {
        self.client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    }

    /// Counts the answer, tells of it, and names the request in it.
    pub fn end(self, response: &mut Response) {
        let took = self.began.elapsed();
        self.front.app.meters.answered(word(self.method), self.route, class(response.status()), took);
        self.tell(took, response);
    }

    /// The same, counted by a tally.
    pub fn end_by(self, tally: &Tally, response: &mut Response) {
        let took = self.began.elapsed();
        tally.add(took);
        self.tell(took, response);
    }

    fn tell(self, took: Duration, response: &mut Response) {
        let Self { method, route, id, .. } = self;
        let status = response.status().as_u16();
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let client = self.client.map(tracing::field::display);
        if is_frequent(route) {
            tracing::debug!(
                request.id = id, http.method = %method, http.route = route, http.status = status, duration_ms, client,
                "{method} {route} answered {status} in {duration_ms} ms"
            );
        } else {
            tracing::info!(
                request.id = id, http.method = %method, http.route = route, http.status = status, duration_ms, client,
                "{method} {route} answered {status} in {duration_ms} ms"
            );
        }
        if let Ok(value) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
    }
}

/// Whether a route, under whatever prefix, is one that is asked all the time.
fn is_frequent(route: &str) -> bool {
    FREQUENT.iter().any(|frequent| route == *frequent || (frequent.len() > 1 && route.ends_with(frequent)))
}

/// The request's span for a collector of traces; none for what is asked all the time.
fn traced(within: &Span, method: &Method, route: &str, id: &str) -> Span {
    if is_frequent(route) {
        return Span::none();
    }
    let method = word(method);
    tracing::info_span!(
        target: TRACE, parent: within, "http",
        otel.name = %format_args!("{method} {route}"), otel.kind = "server", http.request.method = method, http.route = route,
        request.id = id, http.response.status_code = Empty,
    )
}

/// What the caller says its trace is; of two nobody knows which is meant.
fn parent(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(TRACEPARENT).iter();
    let only = all.next()?;
    if all.next().is_none() { only.to_str().ok() } else { None }
}

/// A method as it is counted: whatever a caller makes up counts as one.
pub(super) fn word(method: &Method) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// A status as it is counted.
pub(super) fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// The caller's own name for the request when it is short and plain, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(plain) => id.to_owned(),
        _ => Ulid::generate().to_string(),
    }
}
