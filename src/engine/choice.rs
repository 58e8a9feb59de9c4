//! From a URL to its engine.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::{Engine, EngineError, mariadb, postgres, sqlite};

/// The engine for a target's URL: `sqlite:data/app.db`, `postgres://…`, `mysql://…` or `mariadb://…`.
///
/// # Errors
/// [`EngineError::Address`] when the URL is not one of those.
pub fn at(url: &SecretString) -> Result<Arc<dyn Engine>, EngineError> {
    let text = url.expose_secret();
    match text.split(':').next().unwrap_or_default() {
        "sqlite" => sqlite::at(text),
        "postgres" | "postgresql" => postgres::at(text),
        "mysql" | "mariadb" => mariadb::at(text),
        // Only what stands before "://" is told: the rest may hold a secret.
        _ => Err(EngineError::Address { reason: reason(text) }),
    }
}

/// Why a URL is of no engine.
fn reason(text: &str) -> String {
    let words = "use sqlite:<file>, postgres://… or mysql://…";
    match text.split_once("://") {
        Some((scheme, _)) => format!("{scheme:?} is not an engine; {words}"),
        None => format!("it does not begin with an engine's name; {words}"),
    }
}
