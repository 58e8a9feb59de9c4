//! The one place where errors become HTTP answers: RFC 9457, `application/problem+json`.

pub mod kinds;
pub mod responses;

use std::{error::Error, fmt::Write};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use self::kinds::Kind;
use crate::{
    catalog::CatalogError,
    engine::EngineError,
    jobs::Refused,
    model::{finding::Finding, job::JobId, loss::Loss},
};

/// What every problem's `type` begins with.
pub const TYPE_PREFIX: &str = "urn:windlass:problem:";

/// The media type of every problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The challenge of every 401.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"windlass\"");

/// What a problem tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Details {
    /// Which kind of problem: stable, to decide by. `docs/PROBLEMS.md` tells of each.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "urn:windlass:problem:busy")]
    kind: String,
    /// The kind in a few words.
    #[schema(example = "Another run is at work on this database")]
    title: &'static str,
    /// The HTTP status, again.
    #[schema(example = 409)]
    status: u16,
    /// What happened here.
    detail: String,
    /// What to do next.
    next_step: String,
    /// Who holds the target: job, process, host, since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    /// The job that is in the way, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobId>,
    /// The findings that block.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocking: Vec<Finding>,
    /// What would be lost, counted, with the digest that accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<Loss>,
    /// For `Retry-After`.
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

/// An answer that is not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Details>);

impl Problem {
    /// A problem of this kind. The detail must be fit for whoever may see it.
    #[must_use]
    pub fn of(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind: format!("{TYPE_PREFIX}{}", kind.name),
            title: kind.title,
            status: kind.status,
            detail: detail.into(),
            next_step: kind.next_step.to_owned(),
            holder: None,
            job: None,
            blocking: Vec::new(),
            loss: None,
            retry_after_s: None,
        }))
    }

    /// The same, with the time after which another try makes sense.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    fn blocked_by(mut self, findings: Vec<Finding>) -> Self {
        self.0.blocking = findings;
        self
    }

    fn losing(mut self, loss: Loss) -> Self {
        self.0.loss = Some(loss);
        self
    }

    fn held_by(mut self, holder: String, job: Option<JobId>) -> Self {
        self.0.holder = Some(holder);
        self.0.job = job;
        self
    }

    /// What an answer with a bare `status`, made by a library, is meant to say.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::of(&kinds::NO_SUCH_ROUTE, "There is no such route."),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::of(&kinds::METHOD_NOT_ALLOWED, "The header `Allow` names the methods of this route.")
            }
            StatusCode::NOT_ACCEPTABLE => {
                Self::of(&kinds::NOT_ACCEPTABLE, "`Accept-Encoding` allows no encoding that is known here.")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::of(&kinds::BODY_TOO_LARGE, "The body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::of(&kinds::UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")
            }
            status if status.is_client_error() => {
                Self::of(&kinds::MALFORMED_REQUEST, "The request cannot be understood.")
            }
            _ => Self::of(&kinds::INTERNAL, "The cause is in the log."),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_s = self.0.retry_after_s;
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], Json(*self.0)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Only admin routes ask the desk and the enquiry, so the database's own words may be told here.
impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = with_causes(&refused);
        let problem = match refused {
            Refused::Busy { holder, job } => Self::of(&kinds::BUSY, detail).held_by(holder, job),
            Refused::NotReady { blocking } => Self::of(&kinds::NOT_READY, detail).blocked_by(blocking),
            Refused::PlanMoved { .. } => Self::of(&kinds::PLAN_MOVED, detail),
            Refused::LossNotAccepted { loss, .. } => Self::of(&kinds::LOSS_NOT_ACCEPTED, detail).losing(*loss),
            Refused::NothingRuns => Self::of(&kinds::NOTHING_RUNS, detail),
            Refused::KeyReused => Self::of(&kinds::IDEMPOTENCY_KEY_REUSED, detail),
            Refused::NoJob(_) => Self::of(&kinds::NO_SUCH_JOB, detail),
            Refused::NoSnapshot(_) => Self::of(&kinds::NO_SUCH_SNAPSHOT, detail),
            Refused::Stopping => Self::of(&kinds::STOPPING, detail),
            Refused::Catalog(CatalogError::Faults(faults)) => {
                Self::of(&kinds::CATALOG_UNUSABLE, detail).blocked_by(faults)
            }
            Refused::Catalog(_) => Self::of(&kinds::CATALOG_UNUSABLE, detail),
            Refused::Target(error) => Self::of(kind_of(&error), detail),
            Refused::Archive(_) => Self::of(&kinds::SNAPSHOTS_UNUSABLE, detail),
            Refused::Store(_) => Self::of(&kinds::STORE_UNUSABLE, detail),
        };
        if problem.0.status >= 500 {
            tracing::warn!(problem.r#type = problem.0.kind, "{}: {}", problem.0.title, problem.0.detail);
        }
        problem
    }
}

fn kind_of(error: &EngineError) -> &'static Kind {
    match error {
        EngineError::Unreachable { .. } | EngineError::Lost { .. } | EngineError::TimedOut(_) => {
            &kinds::TARGET_UNREACHABLE
        }
        EngineError::ReadOnly { .. } => &kinds::TARGET_READ_ONLY,
        EngineError::Fenced { .. } | EngineError::Blocked { .. } => &kinds::BUSY,
        _ => &kinds::TARGET_UNUSABLE,
    }
}

/// An error with everything below it, each told once.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let words = cause.to_string();
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        below = cause.source();
    }
    text
}
