//! `POST /api/migration/stop`.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, WaitHeader},
        problem::{Problem, responses::OrderProblems},
    },
    model::{job::Job, order::StopMode},
};

/// How to stop. The body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"mode": "safe"}))]
pub struct StopRequest {
    /// `safe`: after what is at work. `now`: what is at work is stopped at the server, and rolled back where it is a transaction.
    mode: StopMode,
}

/// Ask the job that is at work to stop.
///
/// It ends as `paused` at the next safe edge; `start` goes on from there. Asking again changes nothing.
#[utoipa::path(post, path = "/api/migration/stop", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<StopRequest>),
    params(WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is asked to stop.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
    ))]
pub async fn stop(counter: Counter, Body(request): Body<StopRequest>) -> Result<Accepted, Problem> {
    counter.stop(request.mode).await
}
