//! `GET /api/migration/snapshots/status`.

use axum::{Json, extract::State};

use crate::{
    api::{
        guard::Admin,
        problem::{Problem, responses::EnquiryProblems},
        query::{Nothing, Query},
    },
    jobs::Enquiry,
    model::archive::ArchiveStatus,
};

/// How the snapshots stand.
///
/// The age of the last good one, the last look that found one whole, and when a service does what by itself.
#[utoipa::path(get, path = "/api/migration/snapshots/status", tag = "migration", security(("admin_jwt" = [])), responses(
    (status = 200, description = "How they stand.", body = ArchiveStatus),
    EnquiryProblems,
))]
pub async fn snapshot_status(
    _: Admin,
    State(enquiry): State<Enquiry>,
    _: Query<Nothing>,
) -> Result<Json<ArchiveStatus>, Problem> {
    Ok(Json(enquiry.archive_status().await?))
}
