//! The version row and the history.

use super::Seen;
use crate::{
    engine::bookkeeping::journal::sha256,
    model::{finding::Finding, history::History},
};

/// What a history is, in one word: which migrations, in which order.
pub fn digest(history: &History) -> String {
    let rows: Vec<String> = history
        .applied
        .iter()
        .map(|row| format!("{}:{}:{}", row.number, row.version, row.name.as_deref().unwrap_or_default()))
        .collect();
    sha256(&rows.join("\n"))
}

/// Whether the version row agrees with the history, and the history has no hole.
pub(super) fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let history = &seen.history;
    let mut found = Vec::new();
    let newest = history.last().map(|row| &row.version);
    let highest = history.applied.iter().map(|row| &row.version).max();
    if history.version.as_ref() != newest && history.version.as_ref() != highest {
        let words =
            |version: Option<&semver::Version>| version.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        found.push(
            Finding::critical(
                "version-row",
                "schema_version",
                format!("it says {}, the history ends with {}", words(history.version.as_ref()), words(newest)),
            )
            .remedy("somebody edited the tables: restore a snapshot, or correct schema_version"),
        );
    }
    let hole = (1..).zip(&history.applied).find(|(number, row)| *number != row.number);
    if let Some((number, _)) = hole {
        found.push(
            Finding::critical("history-incomplete", "migration_history", format!("number {number} is missing"))
                .remedy("somebody edited the table: restore a snapshot"),
        );
    }
    found
}
