//! goose: `goose_db_version`, a row for each migration applied or, in older versions, taken back: the newest row of a number
//! counts (goose, `dialect`). Number 0 stands for the empty database.

use super::{
    Former, Key, Record, key,
    record::{is_true, text},
};
use crate::{
    engine::{EngineError, Row},
    model::tool::Tool,
};

pub static FORMER: Former = Former {
    tool: Tool::Goose,
    table: "goose_db_version",
    beside: &[],
    has: &["version_id", "is_applied"],
    lacks: &[],
    query: |_| "SELECT concat(version_id, ''), concat(is_applied, '') FROM goose_db_version ORDER BY id",
    read,
    key: key::leading,
    digest: |_| None,
};

fn read(rows: &[Row]) -> Result<Record, EngineError> {
    let mut record = Record::default();
    for row in rows {
        let key = Key::version(text(row, 0)?);
        if is_true(row, 1)? && key != Key::number(0) {
            record.applied.insert(key, None);
        } else {
            record.applied.remove(&key);
        }
    }
    Ok(record)
}
