//! Numbers and versions in a person's words.

use chrono::{DateTime, SecondsFormat, Utc};
use semver::Version;

use crate::model::progress::Within;

/// From here on a duration is told in seconds.
const SECOND_MS: u64 = 1000;
/// From here on it is told in minutes.
const MINUTE_S: u64 = 60;
/// Each unit of size is so many of the one below.
const SIZE_STEP: u64 = 1024;

/// `340 ms`, `2.1 s`, `3 min 20 s`.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        ms if ms < SECOND_MS => format!("{ms} ms"),
        ms if ms < MINUTE_S * SECOND_MS => format!("{}.{} s", ms / SECOND_MS, ms % SECOND_MS / 100),
        ms => format!("{} min {} s", ms / SECOND_MS / MINUTE_S, ms / SECOND_MS % MINUTE_S),
    }
}

/// `512 B`, `3.4 KiB`.
pub(super) fn size(bytes: u64) -> String {
    let (mut whole, mut rest, mut unit) = (bytes, 0, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if whole < SIZE_STEP {
            break;
        }
        (rest, whole, unit) = (whole % SIZE_STEP, whole / SIZE_STEP, next);
    }
    if unit == "B" { format!("{whole} B") } else { format!("{whole}.{} {unit}", rest * 10 / SIZE_STEP) }
}

/// `1.2.0`, or `empty` for a database to which nothing was applied.
pub(super) fn version(version: Option<&Version>) -> String {
    version.map_or_else(|| "empty".to_owned(), Version::to_string)
}

/// `2026-08-21T10:00:00Z`.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `1 migration`, `2 migrations`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// `building index: scanning table, 45.3 %`, `Updating, 20024 rows`.
pub(super) fn within(within: &Within) -> String {
    let percentage = within.percentage.map(|percentage| format!(", {percentage} %")).unwrap_or_default();
    let rows = within.rows_done.map(|rows| format!(", {rows} rows")).unwrap_or_default();
    format!("{}{percentage}{rows}", within.phase)
}
