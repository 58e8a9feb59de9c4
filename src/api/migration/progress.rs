//! `GET /api/migration/progress`.

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        front::Front,
        guard::Admin,
        negotiate::asks_for,
        patterns,
        problem::{Details, Problem, kinds, responses::AdminProblems},
        query::Query,
        stream,
    },
    model::job::{Job, JobId},
};

/// Which job.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ProgressQuery {
    /// This one; default: the job that is at work, else the newest.
    #[param(value_type = patterns::Ulid, required = false)]
    job: Option<JobId>,
}

/// How far a job is.
///
/// With `Accept: text/event-stream` the answer is a stream: `progress` with the job at once and on each change (at most four a
/// second), `end` with the job when it ended. Ids rise; with `Last-Event-ID` they go on from there, and the newest state is
/// sent at once.
#[utoipa::path(get, path = "/api/migration/progress", tag = "migration", security(("admin_jwt" = [])),
    params(ProgressQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that was seen.")),
    responses(
        (status = 200, description = "The job.", content((Job = "application/json"), (String = "text/event-stream"))),
        (status = 404, description = "There is no such job, or there was none yet.", body = Details,
         content_type = "application/problem+json"),
        AdminProblems,
    ))]
pub async fn progress(
    _: Admin,
    State(front): State<Front>,
    Query(query): Query<ProgressQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let job = match query.job {
        Some(id) => front.app.enquiry.job(id).await?,
        None => front.app.enquiry.latest_job().await?.ok_or_else(no_job_yet)?,
    };
    if asks_for(&headers, "text/event-stream") {
        stream::events(&front, job, last_event_id(&headers))
    } else {
        Ok(Json(job).into_response())
    }
}

/// 0 when there is none, or it is none of ours.
fn last_event_id(headers: &HeaderMap) -> u64 {
    let text = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn no_job_yet() -> Problem {
    Problem::of(&kinds::NO_SUCH_JOB, "There was no job yet.")
}
