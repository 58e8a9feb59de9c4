//! What every order has in common: a key, a wait, and the answer 202 with a place to follow it.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRef, FromRequestParts},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use utoipa::IntoParams;

use super::{
    front::Front,
    guard::Admin,
    negotiate::preferred_wait,
    problem::{Problem, kinds},
};
use crate::{
    jobs::Desk,
    model::{job::Job, order::Order},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest `Idempotency-Key`.
const KEY_BYTES_MAX: usize = 255;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Makes a retry safe, as the API document tells it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it stands in the document only")]
pub struct KeyHeader {
    /// Makes a retry safe: the same key, the same job.
    #[param(rename = "Idempotency-Key", required = false, min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    key: String,
}

/// A wait for the end, as the API document tells it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it stands in the document only")]
pub struct WaitHeader {
    /// `wait=N`: wait up to N seconds (60 at most) for the end.
    #[param(rename = "Prefer", required = false, example = "wait=30")]
    prefer: String,
}

/// The counter at which an administrator gives orders.
pub struct Counter {
    desk: Desk,
    admin: Admin,
    key: Option<String>,
    wait: Option<Duration>,
}

impl FromRequestParts<Front> for Counter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Problem> {
        let admin = Admin::from_request_parts(parts, front).await?;
        let (key, wait) = (key(parts)?, preferred_wait(&parts.headers));
        Ok(Self { desk: Desk::from_ref(front), admin, key, wait })
    }
}

impl Counter {
    /// Gives an order, and waits for its end when the caller prefers so.
    pub async fn submit(self, order: Order) -> Result<Accepted, Problem> {
        let job = self.desk.submit(&self.admin.0, order, self.key.as_deref()).await?;
        self.wait_for(job).await
    }

    /// Asks the job that is at work to stop, and waits for its end when the caller prefers so.
    pub async fn stop(self, mode: crate::model::order::StopMode) -> Result<Accepted, Problem> {
        let job = self.desk.stop(&self.admin.0, mode).await?;
        self.wait_for(job).await
    }

    async fn wait_for(self, job: Job) -> Result<Accepted, Problem> {
        let job = match self.wait {
            Some(wait) if !job.state.is_final() => self.desk.wait(job.id, wait).await?,
            _ => job,
        };
        Ok(Accepted { job, waited: self.wait })
    }
}

fn key(parts: &Parts) -> Result<Option<String>, Problem> {
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let usable = |text: &&str| (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    match value.to_str().ok().filter(usable) {
        Some(key) if values.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(Problem::of(
            &kinds::BAD_HEADER,
            format!("Idempotency-Key must be given once, with 1 to {KEY_BYTES_MAX} visible ASCII characters."),
        )),
    }
}

/// 202 with the job; 200 once the caller's wait saw its end.
pub struct Accepted {
    job: Job,
    waited: Option<Duration>,
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let ended = self.waited.is_some() && self.job.state.is_final();
        let status = if ended { StatusCode::OK } else { StatusCode::ACCEPTED };
        let location = format!("/api/migration/progress?job={}", self.job.id);
        let mut response = (status, [(header::LOCATION, location)], Json(self.job)).into_response();
        let applied = self.waited.and_then(|wait| HeaderValue::try_from(format!("wait={}", wait.as_secs())).ok());
        if let Some(applied) = applied {
            response.headers_mut().insert(PREFERENCE_APPLIED, applied);
        }
        response
    }
}
