//! `GET /api/docs`: the API reference, embedded whole. Nothing is loaded from anywhere else.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa_swagger_ui::Config;

use super::{
    conditional::Printed,
    nested::Prefix,
    problem::{Problem, kinds},
};

/// What the page may do: its own scripts and styles, and calls to this server. It styles itself inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Without `none` the page would show a badge from an outside validator.
static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::new([DOCUMENT]).validator_url("none")));

/// What the page describes.
const DOCUMENT: &str = "/api/openapi.json";

/// The file that says so.
const INITIALIZER: &str = "swagger-initializer.js";

/// The page. Its neighbours are named from the root, so that it works with and without a slash at its end.
pub async fn page(Prefix(prefix): Prefix, asked: HeaderMap) -> Result<Response, Problem> {
    let file = embedded("index.html")?;
    let text = String::from_utf8_lossy(&file.bytes);
    let home = format!("=\"{prefix}/api/docs/");
    let text = text.replace("=\"./", &home).replace("=\"index.css\"", &format!("{home}index.css\""));
    let text = text.replace("Swagger UI", "windlass API");
    let mut response = Printed::file("text/html; charset=utf-8", text).answer(&asked);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

/// Which file; the prefix may have parameters of its own.
#[derive(Deserialize)]
pub struct Asked {
    file: String,
}

/// A file that belongs to the page.
pub async fn file(Prefix(prefix): Prefix, Path(Asked { file: path }): Path<Asked>) -> Result<Response, Problem> {
    let file = embedded(&path)?;
    let bytes = match path.as_str() {
        INITIALIZER => {
            String::from_utf8_lossy(&file.bytes).replace(DOCUMENT, &format!("{prefix}{DOCUMENT}")).into_bytes()
        }
        _ => file.bytes.into_owned(),
    };
    let encoding = file.gzpipped.then_some([(header::CONTENT_ENCODING, "gzip")]);
    let headers = [(header::CONTENT_TYPE, file.content_type), (header::CACHE_CONTROL, "max-age=3600".to_owned())];
    Ok((encoding.map_or_else(HeaderMap::new, as_map), headers, bytes).into_response())
}

fn as_map<const N: usize>(pairs: [(header::HeaderName, &'static str); N]) -> HeaderMap {
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

fn embedded(path: &str) -> Result<utoipa_swagger_ui::SwaggerFile<'static>, Problem> {
    let file = utoipa_swagger_ui::serve(path, Arc::clone(&CONFIG)).ok().flatten();
    file.ok_or_else(|| Problem::of(&kinds::NO_SUCH_ROUTE, "The API reference has no such file."))
}
