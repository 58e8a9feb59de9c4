//! `POST /api/migration/snapshots/{id}/verify`.

use axum::extract::Path;
use serde::Deserialize;
use utoipa::ToSchema;

use super::snapshots::named;
use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        problem::{Details, Problem, responses::OrderProblems},
    },
    model::{job::Job, order::Order},
};

/// How to look at it. The body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"deep": true}))]
pub struct VerifyRequest {
    /// Also restore it into a scratch database, and compare schema, rows and contents.
    deep: bool,
}

/// Look at a snapshot again.
///
/// Reads every byte of it and compares; with `deep` restores it into a scratch database as well. What was found is kept with
/// the snapshot; the job's `result` is the report. The target itself is not touched, and other orders go first.
#[utoipa::path(post, path = "/api/migration/snapshots/{id}/verify", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<VerifyRequest>),
    params(("id" = String, Path, description = "The snapshot's name.", example = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD"), KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        (status = 404, description = "There is no such snapshot.", body = Details, content_type = "application/problem+json"),
        OrderProblems,
    ))]
pub async fn verify_snapshot(
    counter: Counter,
    Path(id): Path<String>,
    Body(request): Body<VerifyRequest>,
) -> Result<Accepted, Problem> {
    counter.submit(Order::Verify { snapshot: Some(named(&id)?), deep: request.deep }).await
}
