//! golang-migrate: `schema_migrations` with one row, the newest version and whether it is dirty: begun and not ended
//! (golang-migrate's README, "FAQ").

use super::{
    Former, Key, Record, Unsound, key,
    record::{is_true, text},
};
use crate::{
    engine::{EngineError, Row},
    model::tool::Tool,
};

pub static FORMER: Former = Former {
    tool: Tool::GolangMigrate,
    table: "schema_migrations",
    beside: &[],
    has: &["version", "dirty"],
    lacks: &[],
    query: |_| "SELECT concat(version, ''), concat(dirty, '') FROM schema_migrations",
    read,
    key: key::leading,
    digest: |_| None,
};

fn read(rows: &[Row]) -> Result<Record, EngineError> {
    let mut record = Record::default();
    for row in rows {
        let version = text(row, 0)?;
        if is_true(row, 1)? {
            record.unsound.push(Unsound {
                place: version.to_owned(),
                message: "golang-migrate left it dirty, so that nobody knows how much of it is applied".to_owned(),
                remedy: "finish it or take it back by hand, say so with migrate force <version>, then adopt again"
                    .to_owned(),
            });
        }
        record.up_to = record.up_to.max(Some(Key::version(version)));
    }
    Ok(record)
}
