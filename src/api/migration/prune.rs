//! `POST /api/migration/snapshots/prune`.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        problem::{Problem, kinds, responses::OrderProblems},
        whole::whole,
    },
    model::{archive::PruneRule, job::Job, order::Order},
};

/// The longest tag, in characters.
const TAG_CHARS_MAX: usize = 64;

/// Which snapshots may go; all that is said must hold. Without any of the three, and without a body: as configured
/// (`snapshots.keep_days`, `snapshots.keep_count`).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"older_than_days": 30, "keep": 5, "dry_run": true}))]
pub struct PruneRequest {
    /// Only those that are older than so many days.
    #[serde(deserialize_with = "whole")]
    older_than_days: Option<u32>,
    /// None of the newest so many.
    #[serde(deserialize_with = "whole")]
    keep: Option<u32>,
    /// Only those with this tag.
    #[schema(min_length = 1, max_length = 64)]
    tag: Option<String>,
    /// Show what would go, and remove nothing.
    dry_run: bool,
}

/// Let go of old snapshots.
///
/// Never of the last one known to be good, nor of one that the last run, or an interrupted one, would be taken back with. The
/// job's `result` tells what went, and what was kept for which reason.
#[utoipa::path(post, path = "/api/migration/snapshots/prune", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<PruneRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
    ))]
pub async fn prune(counter: Counter, Body(request): Body<PruneRequest>) -> Result<Accepted, Problem> {
    let PruneRequest { older_than_days, keep, tag, dry_run } = request;
    if tag.as_ref().is_some_and(|tag| tag.is_empty() || tag.chars().count() > TAG_CHARS_MAX) {
        let detail = format!("tag must have 1 to {TAG_CHARS_MAX} characters.");
        return Err(Problem::of(&kinds::INVALID_REQUEST, detail));
    }
    counter.submit(Order::Prune { rule: PruneRule { older_than_days, keep, tag }, dry_run }).await
}
