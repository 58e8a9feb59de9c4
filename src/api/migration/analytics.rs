//! `GET /api/migration/analytics`.

use axum::{Json, extract::State};

use crate::{
    api::{
        guard::Admin,
        problem::{Problem, responses::EnquiryProblems},
        query::{Nothing, Query},
    },
    jobs::Enquiry,
    model::analytics::Analytics,
};

/// How long past jobs and migrations took, and how they ended.
///
/// Made of the newest 1 000 jobs that are kept.
#[utoipa::path(get, path = "/api/migration/analytics", tag = "migration", security(("admin_jwt" = [])), responses(
    (status = 200, description = "What past jobs tell.", body = Analytics),
    EnquiryProblems,
))]
pub async fn analytics(
    _: Admin,
    State(enquiry): State<Enquiry>,
    _: Query<Nothing>,
) -> Result<Json<Analytics>, Problem> {
    Ok(Json(enquiry.analytics().await?))
}
