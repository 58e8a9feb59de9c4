//! Flyway: `flyway_schema_history`, a row for each thing that was done, in order (Flyway's documentation, "Flyway Schema
//! History Table"). A baseline stands for everything up to its version, an undo takes its version away. A repeatable migration has
//! no version; its newest row counts.

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
    has: &["version", "type", "script", "success", "checksum"],
    lacks: &[],
    query: |_| {
        "SELECT concat(version, ''), concat(type, ''), concat(script, ''), concat(success, ''), concat(checksum, '') \
         FROM flyway_schema_history ORDER BY installed_rank"
    },
    read,
    key: key::versioned,
    digest,
};

fn read(rows: &[Row]) -> Result<Record, EngineError> {
    let mut record = Record::default();
    for row in rows {
        let (version, kind, script) = (text(row, 0)?, text(row, 1)?, text(row, 2)?);
        let key = if version.is_empty() { Key::Name(key::last(script).to_owned()) } else { Key::version(version) };
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
            _ => {
                let checksum = text(row, 4)?;
                record.applied.insert(key, (!checksum.is_empty()).then(|| checksum.to_owned()));
            }
        }
    }
    Ok(record)
}

/// The CRC-32 over the lines of a file without their ends, as a signed integer (Flyway, `ChecksumCalculator`). Where there are
/// placeholders, Flyway may have put their values in first, so nothing is said.
fn digest(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains("${"))?;
    let lines = text.trim_start_matches('\u{feff}').split(['\n', '\r']);
    let crc = lines.flat_map(str::bytes).fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (CRC_32 & (crc & 1).wrapping_neg()))
    });
    Some((!crc).cast_signed().to_string())
}

/// The polynomial of CRC-32, its bits in reverse order (ISO 3309).
const CRC_32: u32 = 0xEDB8_8320;
