//! The API's description, made from the handlers themselves.

mod examples;

use std::sync::LazyLock;

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    conditional::Printed,
    nested::Prefix,
    problem::{self, responses::PublicProblems},
    router,
};

/// What the document says besides its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "windlass",
        description = "Takes an application's database from one version to the next, and back.\n\n\
            Times are RFC 3339 in UTC, durations end in `_ms`, sizes in `_bytes`. Every failure is an RFC 9457 problem; \
            decide by its `type`, and read `next_step`. A method that a route does not know is answered with 405.\n\n\
            In the examples, `URL=http://127.0.0.1:8182` and `AUTH=\"Authorization: Bearer $(windlass token --subject alice)\"`. \
            Their answers are those of a session with the sample catalog; long lists are cut short.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
        contact(),
    ),
    tags(
        (name = "system", description = "Public: what a frontend and an orchestrator ask."),
        (name = "migration", description = "For administrators: plan, run, watch, stop, take back."),
    ),
    components(schemas(problem::Details)),
    modifiers(&AdminJwt),
)]
pub struct Document;

/// Declares how administrators show who they are.
struct AdminJwt;

impl Modify for AdminJwt {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A token with `level` 1 and the permission `system`; `windlass token` mints one."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("admin_jwt", SecurityScheme::Http(scheme));
    }
}

/// The document, as it is committed in `openapi/openapi.json`. Pretty, without a line break at its end.
#[must_use]
pub fn openapi_json() -> String {
    let (_, mut document) = router::routes().split_for_parts();
    examples::work_out(&mut document);
    document.to_pretty_json().unwrap_or_else(|error| format!("{{\"error\": {:?}}}", error.to_string()))
}

static PRINTED: LazyLock<Printed> = LazyLock::new(|| {
    let json = openapi_json();
    Printed::of(StatusCode::OK, "application/json", json.clone(), json.as_bytes())
});

/// The document of a service that is found under a prefix.
fn below(prefix: &str, document: &str) -> String {
    document.replacen('{', &format!("{{\n  \"servers\": [{{\"url\": \"{prefix}\"}}],"), 1)
}

/// This document.
///
/// `OpenAPI` 3.1; the same text as `openapi/openapi.json` in the repository.
#[utoipa::path(get, path = "/api/openapi.json", tag = "system", responses(
    (status = 200, description = "The description of this API.", body = Object),
    (status = 304, description = "Nothing has changed."),
    PublicProblems,
))]
pub async fn openapi(Prefix(prefix): Prefix, asked: HeaderMap) -> Response {
    if prefix.is_empty() {
        PRINTED.answer(&asked)
    } else {
        PRINTED.rewritten(|document| below(&prefix, document)).answer(&asked)
    }
}
