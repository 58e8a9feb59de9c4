//! What a service answers instead of what was asked for, as the failure it would have been here.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    cli::{
        exit::Exit,
        failure::{Failure, TYPE_PREFIX},
        known::{self, SERVER_UNUSABLE},
    },
    model::{finding::Finding, loss::Loss},
};

/// The media type of a problem (RFC 9457).
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// The parts of a problem that matter here. What a newer service adds is passed over.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    next_step: String,
    holder: Option<String>,
    #[serde(default)]
    blocking: Vec<Finding>,
    loss: Option<Loss>,
}

/// The failure that a problem tells of; `None` when `body` is none of ours.
///
/// A kind that is not known here exits with 69 when the fault is the service's, else with 1.
pub(super) fn failure(status: StatusCode, body: &[u8]) -> Option<Failure> {
    let told: Told = serde_json::from_slice(body).ok()?;
    let kind = told.kind.strip_prefix(TYPE_PREFIX)?;
    let failure = match known::of(kind) {
        Some(_) => Failure::known(kind, told.detail),
        None if status.is_server_error() => Failure::of(Exit::Unavailable, kind, told.detail, told.next_step),
        None => Failure::of(Exit::No, kind, told.detail, told.next_step),
    };
    // A catalog with faults is the catalog's, one that cannot be read the configuration's.
    let exit = if kind == "catalog-unusable" && !told.blocking.is_empty() { Exit::Critical } else { failure.exit };
    Some(failure.exits(exit).held_by(told.holder).blocked_by(told.blocking).losing(told.loss))
}

/// The failure of an answer that no windlass service gave.
pub(super) fn foreign(server: &str, status: StatusCode) -> Failure {
    let detail = match status {
        status if status.is_redirection() => format!("{server} answers {status}: it wants to be called elsewhere"),
        status => format!("{server} answers {status}, and not in the words of a windlass service"),
    };
    Failure::known(SERVER_UNUSABLE, detail)
}
