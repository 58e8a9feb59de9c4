//! `GET /api/migration/logs`.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        guard::Admin,
        negotiate::asks_for,
        patterns,
        problem::{Problem, kinds, responses::AdminProblems},
        query::Query,
    },
    jobs::Enquiry,
    model::{
        job::JobId,
        status::{LogFilter, LogKind, LogLine},
    },
};

/// Lines in one answer, when nothing is said.
const LINES_DEFAULT: u32 = 100;

/// Lines in one answer, at most.
const LINES_MAX: u32 = 1_000;

/// One JSON object a line.
const NDJSON: &str = "application/x-ndjson";

/// Which lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct LogQuery {
    /// Only a job's own log, or only the audit trail.
    kind: Option<LogKind>,
    /// Only this job's.
    #[param(value_type = patterns::Ulid, required = false)]
    job: Option<JobId>,
    /// Only lines after this `seq`, oldest first; without it, the newest ones.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// Lines of the log, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogPage {
    /// The lines.
    lines: Vec<LogLine>,
    /// What to give as `after` for those that follow; `null` when there were none and none was given.
    next_after: Option<i64>,
}

/// The log: what jobs told, and who ordered what.
///
/// A page at a time: give `next_after` of one answer as `after` of the next. With `Accept: application/x-ndjson` the lines
/// come one by one, without a page around them.
#[utoipa::path(get, path = "/api/migration/logs", tag = "migration", params(LogQuery), security(("admin_jwt" = [])), responses(
    (status = 200, description = "Lines of the log, oldest first.",
     content((LogPage = "application/json"), (String = "application/x-ndjson"))),
    AdminProblems,
))]
pub async fn logs(
    _: Admin,
    State(enquiry): State<Enquiry>,
    Query(query): Query<LogQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let lines = enquiry.logs(&query.filter()?).await?;
    if asks_for(&headers, NDJSON) {
        return Ok(([(header::CONTENT_TYPE, NDJSON)], line_by_line(&lines)).into_response());
    }
    let next_after = lines.last().map(|line| line.seq).or(query.after);
    Ok(Json(LogPage { lines, next_after }).into_response())
}

impl LogQuery {
    fn filter(&self) -> Result<LogFilter, Problem> {
        let limit = self.limit.unwrap_or(LINES_DEFAULT);
        if !(1..=LINES_MAX).contains(&limit) {
            return Err(Problem::of(&kinds::BAD_PARAMETER, format!("limit must be 1 to {LINES_MAX}.")));
        }
        if self.after.is_some_and(|after| after < 0) {
            return Err(Problem::of(&kinds::BAD_PARAMETER, "after must be 0 or more."));
        }
        let job = self.job.map(|job| job.to_string());
        Ok(LogFilter { kind: self.kind, job, after: self.after, limit: Some(limit) })
    }
}

fn line_by_line(lines: &[LogLine]) -> String {
    lines.iter().filter_map(|line| serde_json::to_string(line).ok()).map(|line| line + "\n").collect()
}
