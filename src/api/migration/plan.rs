//! `GET /api/migration/plan`.

use axum::{Json, extract::State};
use semver::Version;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        guard::Admin,
        patterns,
        problem::{Problem, responses::EnquiryProblems},
        query::Query,
    },
    jobs::Enquiry,
    model::plan::Plan,
};

/// Which plan.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct PlanQuery {
    /// To this version; default: the required one.
    #[param(value_type = patterns::Version, required = false)]
    to: Option<Version>,
    /// With the text of each statement.
    #[param(required = false, default = false)]
    sql: bool,
}

/// What a run would do, and whether it may.
///
/// Reads the target and changes nothing. `ready` tells whether `start` would be taken; `blocking` why not.
#[utoipa::path(get, path = "/api/migration/plan", tag = "migration", params(PlanQuery), security(("admin_jwt" = [])), responses(
    (status = 200, description = "The plan.", body = Plan),
    EnquiryProblems,
))]
pub async fn plan(
    _: Admin,
    State(enquiry): State<Enquiry>,
    Query(query): Query<PlanQuery>,
) -> Result<Json<Plan>, Problem> {
    Ok(Json(enquiry.plan(query.to.as_ref(), query.sql).await?))
}
