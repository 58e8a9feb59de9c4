//! `POST /api/migration/validate`.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        problem::{Problem, responses::OrderProblems},
    },
    model::{
        job::Job,
        order::{Order, SafetyNet},
    },
};

/// What to check. The body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"deep": true}))]
pub struct ValidateRequest {
    /// Also what costs a look at every row.
    deep: bool,
    /// Also held against the declared schema, which is run in a scratch database.
    declared: bool,
    /// Add the tables, columns and indexes that the declared schema has and the database has not, as far as that takes nothing
    /// away and no row is in the way. Means `declared` as well.
    add_missing: bool,
}

/// Check what is in the database.
///
/// The job's `result` is the report. Changes nothing but what `add_missing` adds; `added` has the statements.
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
    let ValidateRequest { deep, declared, add_missing } = request;
    let net = match (add_missing, declared) {
        (true, _) => SafetyNet::Add,
        (_, true) => SafetyNet::Report,
        _ => SafetyNet::Off,
    };
    counter.submit(Order::Validate { deep, net }).await
}
