//! `POST /api/migration/rollback`.

use semver::Version;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        patterns,
        problem::{
            Details, Problem, kinds,
            responses::{LossProblem, OrderProblems},
        },
        whole::whole,
    },
    model::{
        job::Job,
        loss::LossDigest,
        order::{Order, RollbackGoal},
        snapshot::SnapshotId,
    },
};

/// Where to go back to: at most one of `steps`, `to_version` and `snapshot`. Without any, and without a body: to before
/// the last run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"to_version": "0.4.0"}))]
pub struct RollbackRequest {
    /// This many migrations back.
    #[schema(minimum = 1)]
    #[serde(deserialize_with = "whole")]
    steps: Option<u32>,
    /// To the state in which this version was the newest.
    #[schema(value_type = Option<patterns::Version>)]
    to_version: Option<Version>,
    /// To what this snapshot holds.
    #[schema(value_type = Option<patterns::Ulid>)]
    snapshot: Option<SnapshotId>,
    /// Show the SQL, change nothing.
    dry_run: bool,
    /// What the rollback would take away is accepted: the digest of the list, as a dry run gives it in `loss`.
    #[schema(value_type = Option<patterns::LossDigest>)]
    accept_loss: Option<LossDigest>,
}

/// Take the database back.
///
/// By down scripts where every one is present, else by a snapshot; the job's `result` says which.
#[utoipa::path(post, path = "/api/migration/rollback", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<RollbackRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        (status = 404, description = "There is no such snapshot.", body = Details, content_type = "application/problem+json"),
        OrderProblems,
        LossProblem,
    ))]
pub async fn rollback(counter: Counter, Body(request): Body<RollbackRequest>) -> Result<Accepted, Problem> {
    let (dry_run, accept_loss) = (request.dry_run, request.accept_loss.clone());
    counter.submit(Order::Rollback { goal: request.goal()?, dry_run, accept_loss }).await
}

impl RollbackRequest {
    fn goal(self) -> Result<RollbackGoal, Problem> {
        match (self.steps, self.to_version, self.snapshot) {
            (None, None, None) => Ok(RollbackGoal::LastRun),
            (Some(0), None, None) => Err(Problem::of(&kinds::INVALID_REQUEST, "steps must be 1 or more.")),
            (Some(steps), None, None) => Ok(RollbackGoal::Steps(steps)),
            (None, Some(version), None) => Ok(RollbackGoal::Version(version)),
            (None, None, Some(id)) => Ok(RollbackGoal::Snapshot(id)),
            _ => Err(Problem::of(
                &kinds::INVALID_REQUEST,
                "Only one of steps, to_version and snapshot can say where to go back to.",
            )),
        }
    }
}
