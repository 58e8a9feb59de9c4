//! `GET /api/migration/snapshots` and `GET /api/migration/snapshots/{id}`.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{
    api::{
        guard::Admin,
        problem::{Details, Problem, kinds, responses::EnquiryProblems},
        query::{Nothing, Query},
    },
    jobs::Enquiry,
    model::snapshot::{Listed, SnapshotId, SnapshotList},
};

/// All snapshots.
///
/// Each by its manifest, newest first, with what was learned of it since. `encryption.scheme` says how its payload is sealed.
#[utoipa::path(get, path = "/api/migration/snapshots", tag = "migration", security(("admin_jwt" = [])), responses(
    (status = 200, description = "The snapshots.", body = SnapshotList),
    EnquiryProblems,
))]
pub async fn snapshots(
    _: Admin,
    State(enquiry): State<Enquiry>,
    _: Query<Nothing>,
) -> Result<Json<SnapshotList>, Problem> {
    Ok(Json(enquiry.snapshots().await?))
}

/// One snapshot.
///
/// Its manifest, with the commands that open it without windlass, and what was learned of it since.
#[utoipa::path(get, path = "/api/migration/snapshots/{id}", operation_id = "one_snapshot", tag = "migration", security(("admin_jwt" = [])),
    params(("id" = String, Path, description = "The snapshot's name.", example = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD")),
    responses(
        (status = 200, description = "The snapshot.", body = Listed),
        (status = 404, description = "There is no such snapshot.", body = Details, content_type = "application/problem+json"),
        EnquiryProblems,
    ))]
pub async fn snapshot(
    _: Admin,
    State(enquiry): State<Enquiry>,
    Path(id): Path<String>,
    _: Query<Nothing>,
) -> Result<Json<Listed>, Problem> {
    Ok(Json(enquiry.snapshot(named(&id)?).await?))
}

/// The snapshot of this name: only what is a snapshot's name is ever looked up.
pub(super) fn named(id: &str) -> Result<SnapshotId, Problem> {
    id.parse().map_err(|_| Problem::of(&kinds::NO_SUCH_SNAPSHOT, "No snapshot can have that name."))
}
