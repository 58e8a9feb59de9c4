//! Statements that need another version of the server.

use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip, mysql, postgres, sqlite},
    sql::Words,
};

/// Something that servers know since a version.
pub struct Newer {
    /// What it is, for a person.
    pub what: &'static str,
    /// The server's word for itself.
    pub product: &'static str,
    /// Since when it knows it.
    pub since: (u32, u32, u32),
    /// Whether a statement uses it.
    pub uses: fn(&Words) -> bool,
}

/// The newest thing that a statement uses and the server does not know.
pub fn of(case: &Case<'_>) -> Option<Trip> {
    let server = case.scene.server()?;
    let all = [postgres::NEWER, mysql::NEWER, sqlite::NEWER].into_iter().flatten();
    let missing = all.filter(|newer| newer.product == server.product && server.release() < newer.since);
    let newer = missing.filter(|newer| (newer.uses)(case.words)).max_by_key(|newer| newer.since)?;
    let version = server.version.split_whitespace().next().unwrap_or_default();
    let message = format!(
        "{} needs {} {}, and this server is {version}: it refuses the statement",
        newer.what,
        newer.product,
        release(newer.since)
    );
    Some(Trip::new(Rule::NeedsNewerServer, message, "write it without that, or bring the server to that version first"))
}

/// `15`, `3.35`, `8.0.29`.
fn release((major, minor, patch): (u32, u32, u32)) -> String {
    match (minor, patch) {
        (0, 0) => major.to_string(),
        (_, 0) => format!("{major}.{minor}"),
        _ => format!("{major}.{minor}.{patch}"),
    }
}
