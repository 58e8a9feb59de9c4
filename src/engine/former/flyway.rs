//! Flyway: `flyway_schema_history`, a row for each thing that was done, in order (Flyway's documentation, "Flyway Schema
//! History Table"). A baseline stands for everything up to its version, an undo takes its version away.

use super::{
    Former, Key, Record, Unsound, key,
    record::{is_true, text},
};
use crate::{
    engine::{EngineError, Row},
    model::tool::Tool,
};

pub static FORMER: Former = Former {
    tool: Tool::Flyway,
    table: "flyway_schema_history",
    beside: &[],
    has: &["version", "type", "script", "success"],
    lacks: &[],
    query: |_| {
        "SELECT concat(version, ''), concat(type, ''), concat(script, ''), concat(success, '') FROM flyway_schema_history \
         ORDER BY installed_rank"
    },
    read,
    key: key::versioned,
    digest: None,
};

fn read(rows: &[Row]) -> Result<Record, EngineError> {
    let mut record = Record::default();
    for row in rows {
        let (version, kind, script) = (text(row, 0)?, text(row, 1)?, text(row, 2)?);
        let key = if version.is_empty() { Key::Name(script.to_owned()) } else { Key::version(version) };
        if !is_true(row, 3)? {
            record.unsound.push(Unsound {
                place: script.to_owned(),
                message: "Flyway began it and it failed, so that nobody knows how much of it is applied".to_owned(),
                remedy: "take back by hand what it did, run flyway repair, then adopt again".to_owned(),
            });
            continue;
        }
        match kind {
            "SCHEMA" | "TABLE" => {}
            kind if kind.contains("BASELINE") => record.up_to = record.up_to.max(Some(key)),
            kind if kind.starts_with("UNDO") || kind == "DELETE" => _ = record.applied.remove(&key),
            _ => _ = record.applied.insert(key, None),
        }
    }
    Ok(record)
}
