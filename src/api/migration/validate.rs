//! `POST /api/migration/validate`.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        problem::{Problem, responses::OrderProblems},
    },
    model::{job::Job, order::Order},
};

/// What to check. The body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"deep": true}))]
pub struct ValidateRequest {
    /// Also what costs a look at every row.
    deep: bool,
}

/// Check what is in the database.
///
/// The job's `result` is the report. Changes nothing.
#[utoipa::path(post, path = "/api/migration/validate", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<ValidateRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
    ))]
pub async fn validate(counter: Counter, Body(request): Body<ValidateRequest>) -> Result<Accepted, Problem> {
    counter.submit(Order::Validate { deep: request.deep }).await
}
