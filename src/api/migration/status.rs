//! `GET /api/migration/status`.

use axum::{Json, extract::State};

use crate::{
    api::{
        guard::Admin,
        problem::{Problem, responses::EnquiryProblems},
        query::{Nothing, Query},
    },
    jobs::Enquiry,
    model::status::Status,
};

/// The whole picture.
///
/// What was applied, what is pending, who holds the lock, the running and the newest jobs, the snapshots.
#[utoipa::path(get, path = "/api/migration/status", tag = "migration", security(("admin_jwt" = [])), responses(
    (status = 200, description = "The whole picture.", body = Status),
    EnquiryProblems,
))]
pub async fn status(_: Admin, State(enquiry): State<Enquiry>, _: Query<Nothing>) -> Result<Json<Status>, Problem> {
    Ok(Json(enquiry.status().await?))
}
