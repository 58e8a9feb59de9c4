//! `POST /api/migration/rehearse`.

use semver::Version;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        patterns,
        problem::{Problem, kinds, responses::OrderProblems},
    },
    model::{job::Job, order::Order, rehearsal::RehearsalFrom},
};

/// What to try. Every field may be left out, and so may the body.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"from": "data"}))]
pub struct RehearseRequest {
    /// Those up to this version; default: the required one. Not with `history`, which is tried whole.
    #[schema(value_type = Option<patterns::Version>)]
    to: Option<Version>,
    /// What the scratch copy begins with.
    from: RehearsalFrom,
}

/// Try migrations and their ways back on a scratch copy.
///
/// The target is only read. The job's `result` is the report: a verdict for each migration, what differs, and what was
/// measured. It succeeds whatever the verdicts are; `overall` says whether every way back is proven.
#[utoipa::path(post, path = "/api/migration/rehearse", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<RehearseRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
    ))]
pub async fn rehearse(counter: Counter, Body(request): Body<RehearseRequest>) -> Result<Accepted, Problem> {
    let RehearseRequest { to, from } = request;
    if from == RehearsalFrom::History && to.is_some() {
        return Err(Problem::of(&kinds::INVALID_REQUEST, "A history is tried whole: leave out to."));
    }
    counter.submit(Order::Rehearse { to, from }).await
}
