//! What a browser shows: `GET /`, its files, and the banner for other people's pages. Embedded; nothing comes from elsewhere.

use std::sync::LazyLock;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

use super::{conditional::Printed, front::Front, nested::Prefix};
use crate::web;

/// What the page may do: its own script and style, and questions to this server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// Every page of every origin may load the banner, also one that isolates itself.
const FOR_ANY_PAGE: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
];

/// For how long the banner is not even asked for again: pages are loaded often, and it changes with a release.
const BANNER_KEPT: &str = "public, max-age=3600, stale-while-revalidate=86400";

/// What the page names.
const BESIDE: [&str; 5] = ["icon.svg", "status.css", "status.js", "api/docs", "api/system/health"];

const SCRIPT: &str = "text/javascript; charset=utf-8";

static STYLE_FILE: LazyLock<Printed> = LazyLock::new(|| Printed::file("text/css; charset=utf-8", web::STATUS_CSS));
static SCRIPT_FILE: LazyLock<Printed> = LazyLock::new(|| Printed::file(SCRIPT, web::STATUS_JS));
static ICON_FILE: LazyLock<Printed> = LazyLock::new(|| Printed::file("image/svg+xml", web::ICON_SVG));
static BANNER_FILE: LazyLock<Printed> =
    LazyLock::new(|| Printed::file(SCRIPT, web::system_alert_js()).kept(BANNER_KEPT));

/// The status page: the state for everybody, from memory; more for who types in a token. It only shows.
pub async fn status(State(front): State<Front>, Prefix(prefix): Prefix, asked: HeaderMap) -> Response {
    let prints = front.prints();
    let mut response = if prefix.is_empty() {
        prints.page.answer(&asked)
    } else {
        prints.page.rewritten(|page| below(&prefix, page)).answer(&asked)
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// The page where it may be found without a slash at its end: what is beside it is then named from the root.
fn below(prefix: &str, page: &str) -> String {
    BESIDE
        .iter()
        .fold(page.to_owned(), |page, name| page.replace(&format!("=\"{name}\""), &format!("=\"{prefix}/{name}\"")))
}

/// How it looks.
pub async fn style(asked: HeaderMap) -> Response {
    STYLE_FILE.answer(&asked)
}

/// What keeps it current.
pub async fn script(asked: HeaderMap) -> Response {
    SCRIPT_FILE.answer(&asked)
}

/// Its icon.
pub async fn icon(asked: HeaderMap) -> Response {
    ICON_FILE.answer(&asked)
}

/// `<system-alert>`, for an application's own pages.
pub async fn banner(asked: HeaderMap) -> Response {
    let mut response = BANNER_FILE.answer(&asked);
    response.headers_mut().extend(FOR_ANY_PAGE);
    response
}
