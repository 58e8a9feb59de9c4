//! How long each batch took, as windlass's own log tells.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Fallible;

/// What windlass is told to log.
pub const LOGGED: [(&str, &str); 2] =
    [("WINDLASS__LOG__FILTER", "windlass::procedure::backfill=debug"), ("WINDLASS__LOG__FORMAT", "json")];

/// Runs a command to its end; how long it took, and what it wrote to standard error.
///
/// # Errors
/// When it fails, with what it said.
pub fn run(mut command: Command) -> Fallible<(Duration, String)> {
    let told = tempfile::NamedTempFile::new()?;
    command.stdout(Stdio::null()).stderr(told.reopen()?);
    let began = Instant::now();
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    let wall = began.elapsed();
    let said = fs::read_to_string(told.path())?;
    if status.success() { Ok((wall, said)) } else { Err(format!("{command:?}: {status}\n{said}").into()) }
}

/// The batches of a log, in no order that means anything.
pub fn told(log: &str) -> Vec<Duration> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| microseconds(&line["batch.us"])).map(Duration::from_micros).collect()
}

/// As a number, or as the text of one that may be too large for JSON.
fn microseconds(field: &Value) -> Option<u64> {
    field.as_u64().or_else(|| field.as_str()?.parse().ok())
}
