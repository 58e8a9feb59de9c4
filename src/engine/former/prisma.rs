//! Prisma: `_prisma_migrations`, a row for each attempt with its end, whether it was taken back, and the SHA-256 of its file
//! (Prisma's documentation, "About migration histories"; "Patching and hotfixing").

use sha2::{Digest, Sha256};

use super::{
    Former, Key, Record, Unsound, key,
    record::{is_true, text},
};
use crate::{
    engine::{EngineError, Row},
    model::tool::Tool,
};

pub static FORMER: Former = Former {
    tool: Tool::Prisma,
    table: "_prisma_migrations",
    beside: &[],
    has: &["migration_name", "finished_at", "rolled_back_at", "checksum"],
    lacks: &[],
    query: |_| {
        "SELECT concat(migration_name, ''), concat(CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END, ''), \
         concat(CASE WHEN rolled_back_at IS NULL THEN 0 ELSE 1 END, ''), concat(checksum, '') FROM _prisma_migrations \
         ORDER BY started_at, id"
    },
    read,
    key: |place| Some(key::folder(place)),
    digest: |bytes| Some(super::hex(&Sha256::digest(bytes))),
};

fn read(rows: &[Row]) -> Result<Record, EngineError> {
    let mut record = Record::default();
    for row in rows {
        let name = text(row, 0)?;
        match (is_true(row, 1)?, is_true(row, 2)?) {
            (_, true) => {}
            (true, false) => _ = record.applied.insert(Key::Name(name.to_owned()), Some(text(row, 3)?.to_owned())),
            (false, false) => record.unsound.push(Unsound {
                place: name.to_owned(),
                message: "Prisma began it and it failed, so that nobody knows how much of it is applied".to_owned(),
                remedy: format!(
                    "finish it or take it back by hand, say so with prisma migrate resolve --applied {name} or \
                     --rolled-back {name}, then adopt again"
                ),
            }),
        }
    }
    Ok(record)
}
