//! `POST /api/migration/start`.

use semver::Version;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        patterns,
        problem::{
            Problem,
            responses::{MovedProblem, OrderProblems},
        },
    },
    model::{
        digest::PlanDigest,
        job::Job,
        loss::LossDigest,
        order::{InDoubt, Order, SnapshotPolicy},
    },
};

/// What to run. Every field may be left out, and so may the body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"to": "0.5.0", "snapshot": "always"}))]
pub struct StartRequest {
    /// To this version; default: the required one.
    #[schema(value_type = Option<patterns::Version>)]
    to: Option<Version>,
    /// Show the SQL, change nothing.
    dry_run: bool,
    /// Whether to make a snapshot first; default: as configured.
    snapshot: Option<SnapshotPolicy>,
    /// Whether to validate after each hop.
    validate: bool,
    /// What you say of a statement that was interrupted and that nothing else tells about.
    in_doubt: Option<InDoubt>,
    /// Only if the plan is still the one with this digest, as `GET /api/migration/plan` gives it; default: whatever the plan is now.
    #[schema(value_type = Option<patterns::PlanDigest>)]
    plan: Option<PlanDigest>,
    /// What the run would take away is accepted: the digest of the list, as `GET /api/migration/plan` gives it in `loss`.
    #[schema(value_type = Option<patterns::LossDigest>)]
    accept_loss: Option<LossDigest>,
}

impl Default for StartRequest {
    fn default() -> Self {
        Self { to: None, dry_run: false, snapshot: None, validate: true, in_doubt: None, plan: None, accept_loss: None }
    }
}

/// Start a run, or go on with one that was paused or interrupted.
///
/// Answers as soon as the job holds the target; follow it at the `Location` it returns.
#[utoipa::path(post, path = "/api/migration/start", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<StartRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
        MovedProblem,
    ))]
pub async fn start(counter: Counter, Body(request): Body<StartRequest>) -> Result<Accepted, Problem> {
    let StartRequest { to, dry_run, snapshot, validate, in_doubt, plan, accept_loss } = request;
    counter.submit(Order::Migrate { to, dry_run, snapshot, validate, in_doubt, plan, accept_loss }).await
}
