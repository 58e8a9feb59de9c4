//! `POST /api/migration/snapshots/{id}/restore`.

use axum::extract::Path;
use serde::Deserialize;
use utoipa::ToSchema;

use super::snapshots::named;
use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        problem::{Details, Problem, kinds, responses::OrderProblems},
    },
    model::{
        job::Job,
        order::{Order, Restore},
    },
};

/// The longest name of a database that any engine knows, in bytes (MariaDB manual, "Identifier Names").
const NAME_BYTES_MAX: usize = 256;

/// Where to, and how. The body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"dry_run": true}))]
pub struct RestoreRequest {
    /// Another database of the same server, made when it is missing; without it, the target itself.
    #[schema(min_length = 1, max_length = 256)]
    into: Option<String>,
    /// Show what would change, and change nothing.
    dry_run: bool,
    /// Go on where only a person can want it: without a snapshot of a state that cannot be copied any more, into another
    /// database that is not empty, and where it may not fit.
    force: bool,
}

/// Put a snapshot in the place of the database.
///
/// It is loaded beside the database and compared before the two change places. The state before is itself a snapshot, named
/// in the job's `result`.
#[utoipa::path(post, path = "/api/migration/snapshots/{id}/restore", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<RestoreRequest>),
    params(("id" = String, Path, description = "The snapshot's name.", example = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD"), KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        (status = 404, description = "There is no such snapshot.", body = Details, content_type = "application/problem+json"),
        OrderProblems,
    ))]
pub async fn restore_snapshot(
    counter: Counter,
    Path(id): Path<String>,
    Body(request): Body<RestoreRequest>,
) -> Result<Accepted, Problem> {
    let RestoreRequest { into, dry_run, force } = request;
    if into.as_ref().is_some_and(|name| {
        name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) || name.contains(['/', '\\'])
    }) {
        let detail = format!(
            "into must be the name of a database: 1 to {NAME_BYTES_MAX} bytes, no control characters, no path."
        );
        return Err(Problem::of(&kinds::INVALID_REQUEST, detail));
    }
    counter.submit(Order::Restore(Restore { snapshot: named(&id)?, into, dry_run, force })).await
}
