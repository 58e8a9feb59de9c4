//! Who may come in, and how often. Every route is for administrators unless [`PUBLIC`] names it.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ipnet::IpNet;

use super::{
    address::covers,
    front::Front,
    limit::{Allowance, Limiter},
    log::ClientAddress,
    nested,
    problem::{Problem, kinds},
};
use crate::{
    config::Server,
    lifecycle::Caller,
    model::order::{Door, Requester},
};

/// How often a public route may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At any pace: an orchestrator's probes.
    Free,
    /// As configured for each address.
    Polled,
    /// At the pace of a browser that loads pages and what belongs to them.
    Page,
}

/// The routes that need no token. Whatever is not here does.
pub const PUBLIC: &[(&str, Pace)] = &[
    ("/livez", Pace::Free),
    ("/readyz", Pace::Free),
    ("/metrics", Pace::Page),
    ("/api/system/health", Pace::Polled),
    ("/api/system/version", Pace::Polled),
    ("/api/health", Pace::Polled),
    ("/api/health/database", Pace::Polled),
    ("/api/health/migrations", Pace::Polled),
    ("/", Pace::Page),
    ("/status.css", Pace::Page),
    ("/status.js", Pace::Page),
    ("/icon.svg", Pace::Page),
    ("/system-alert.js", Pace::Page),
    ("/api/openapi.json", Pace::Page),
    ("/api/docs", Pace::Page),
    ("/api/docs/", Pace::Page),
    ("/api/docs/{*file}", Pace::Page),
];

/// What is polled may be read by the pages of any origin, a refusal with its time to wait as well. Credentials are not taken.
pub(super) const FROM_ANYWHERE: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after")),
];

/// Requests at once for a page and what belongs to it, from each address.
const PAGE_BURST: u32 = 60;

/// Requests a second for pages, from each address.
const PAGE_PER_SECOND: u32 = 20;

/// Tokens that are not believed, a minute from each address. A valid token is let in all the same.
const FAILURES_PER_MINUTE: u32 = 10;

/// The same from all addresses together: whoever has many of them guesses no faster.
const FAILURES_OF_ALL_PER_MINUTE: u32 = 600;

/// All allowances.
pub(super) struct Limits {
    exempt: Vec<IpNet>,
    polled: Limiter,
    page: Limiter,
    failures: Limiter,
    failures_of_all: Limiter,
}

impl Limits {
    /// As configured.
    pub(super) fn of(server: &Server) -> Self {
        Self {
            exempt: server.rate_limit_exempt.clone(),
            polled: Limiter::per_second("public", server.rate_limit_per_second, server.rate_limit_burst),
            page: Limiter::per_second("page", PAGE_PER_SECOND, PAGE_BURST),
            failures: Limiter::per_minute("failed-tokens", FAILURES_PER_MINUTE),
            failures_of_all: Limiter::per_minute("failed-tokens-of-all", FAILURES_OF_ALL_PER_MINUTE),
        }
    }

    fn at(&self, pace: Pace, client: IpAddr) -> Option<&Limiter> {
        match pace {
            _ if covers(&self.exempt, client) => None,
            Pace::Free => None,
            Pace::Polled => Some(&self.polled),
            Pace::Page => Some(&self.page),
        }
    }
}

/// Lets a request through to its route, or answers it here. What has no route goes on to its 404.
pub(super) async fn guard(State(front): State<Front>, request: Request, next: Next) -> Response {
    if request.extensions().get::<MatchedPath>().is_none() {
        return next.run(request).await;
    }
    match PUBLIC.iter().find(|(public, _)| nested::is_for(public, &request)) {
        Some((_, pace)) => at_its_pace(&front, *pace, request, next).await,
        None => for_administrators(&front, request, next).await,
    }
}

async fn at_its_pace(front: &Front, pace: Pace, request: Request, next: Next) -> Response {
    let admission = admit(front, pace, ClientAddress::of(request.extensions()));
    let mut response = match &admission.refusal {
        None => next.run(request).await,
        Some(refusal) => refusal.clone().into_response(),
    };
    admission.tell(&mut response);
    response
}

/// What becomes of a request for a public route.
pub(super) struct Admission<'a> {
    pace: Pace,
    allowance: Option<Allowance<'a>>,
    /// The answer, when it comes too soon.
    pub refusal: Option<Problem>,
}

/// Takes a request for a public route out of the allowance of `client`.
pub(super) fn admit(front: &Front, pace: Pace, client: IpAddr) -> Admission<'_> {
    let allowance = front.limits.at(pace, client).map(|limiter| limiter.check(client));
    let refused = allowance.as_ref().and_then(|allowance| Some((allowance.name(), allowance.retry_after_s?)));
    let refusal = refused.map(|(limiter, seconds)| {
        front.app.meters.rate_limited(limiter);
        too_many("Too many requests from this address.", seconds)
    });
    Admission { pace, allowance, refusal }
}

impl Admission<'_> {
    /// Tells the caller how often it may ask, and every page that it may read the answer to what is polled.
    pub fn tell(&self, response: &mut Response) {
        self.tell_pace(response);
        if self.pace == Pace::Polled {
            for (name, value) in FROM_ANYWHERE {
                response.headers_mut().insert(name, value);
            }
        }
    }

    /// Tells the caller how often it may ask.
    pub fn tell_pace(&self, response: &mut Response) {
        if let Some(allowance) = &self.allowance {
            allowance.tell(response.headers_mut());
        }
    }
}

async fn for_administrators(front: &Front, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut response = match Admin::from_request_parts(&mut parts, front).await {
        Ok(admin) => {
            parts.extensions.insert(admin);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An administrator, known by a valid token. A handler that takes one cannot be reached without.
#[derive(Debug, Clone)]
pub struct Admin(pub Requester);

impl FromRequestParts<Front> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Problem> {
        if let Some(admin) = parts.extensions.get::<Self>() {
            return Ok(admin.clone());
        }
        let Some(token) = bearer(&parts.headers) else { return Err(unauthenticated()) };
        if came_in_clear(parts, &front.app.config.server) {
            return Err(in_clear());
        }
        let principal = front.app.keys.verify_or_fetch(token, front.app.clock.now()).await.map_err(|error| {
            let client = ClientAddress::of(&parts.extensions);
            tracing::info!(reason = error.reason(), %client, "a token was not believed: {}", error.reason());
            disbelieved(front, client)
        })?;
        if principal.is_admin() {
            Ok(Self(Requester { name: principal.subject, door: Door::Http }))
        } else {
            Err(Problem::of(&kinds::FORBIDDEN, "This needs level 1 and the permission `system`."))
        }
    }
}

/// The token of the one `Authorization` header; several of them are as good as none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whether what this request says could be read on its way: it came over a network, without TLS, and not from a proxy that is
/// known. Of a listener that is not ours, nothing is known.
fn came_in_clear(parts: &Parts, server: &Server) -> bool {
    parts.extensions.get::<Caller>().is_some_and(|caller| {
        let peer = caller.peer.ip().to_canonical();
        !caller.is_private && !peer.is_loopback() && !covers(&server.trusted_proxies, peer)
    })
}

fn in_clear() -> Problem {
    Problem::of(&kinds::TOKEN_IN_CLEAR, "The token was sent over a network without TLS, where others can read it.")
}

/// The same words for every reason, so that nobody learns by asking.
fn unauthenticated() -> Problem {
    Problem::of(&kinds::UNAUTHENTICATED, "This route needs a valid bearer token.")
}

fn disbelieved(front: &Front, client: IpAddr) -> Problem {
    front.app.meters.token_refused();
    let limits = &front.limits;
    if covers(&limits.exempt, client) {
        return unauthenticated();
    }
    let everybody = Ipv4Addr::UNSPECIFIED.into();
    let tries = [
        (&limits.failures, client, "Too many tokens from this address were not valid."),
        (&limits.failures_of_all, everybody, "Too many tokens were not valid, from all addresses together."),
    ];
    // What is refused by the first does not count for the second.
    for (limiter, address, detail) in tries {
        if let Some(seconds) = limiter.check(address).retry_after_s {
            front.app.meters.rate_limited(limiter.name());
            return too_many(detail, seconds);
        }
    }
    unauthenticated()
}

fn too_many(detail: &str, seconds: u64) -> Problem {
    Problem::of(&kinds::TOO_MANY_REQUESTS, detail).retry_after_s(seconds)
}
