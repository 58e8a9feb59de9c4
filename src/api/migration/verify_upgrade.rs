//! `POST /api/migration/verify-upgrade`.

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

/// Nothing need be said; the body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct VerifyUpgradeRequest {}

/// Compare a fresh installation with an upgraded database.
///
/// The declared schema is run in one scratch database and every migration in another; the target is not touched. The job's
/// `result` is the report: it succeeds whatever it finds, and `equal` says whether both have the same schema.
#[utoipa::path(post, path = "/api/migration/verify-upgrade", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<VerifyUpgradeRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
    ))]
pub async fn verify_upgrade(counter: Counter, Body(_nothing): Body<VerifyUpgradeRequest>) -> Result<Accepted, Problem> {
    counter.submit(Order::VerifyUpgrade).await
}
