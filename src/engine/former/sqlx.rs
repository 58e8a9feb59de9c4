//! sqlx: `_sqlx_migrations`, a row for each migration with its success and the SHA-384 of its file (sqlx, `Migrate`).

use sha2::{Digest, Sha384};

use super::{
    Former, Key, Record, Unsound, key,
    record::{is_true, text},
};
use crate::{
    engine::{EngineError, Row},
    model::tool::Tool,
    sql::Dialect,
};

pub static FORMER: Former = Former {
    tool: Tool::Sqlx,
    table: "_sqlx_migrations",
    beside: &[],
    has: &["version", "success", "checksum"],
    lacks: &[],
    query: |dialect| match dialect {
        Dialect::Postgres => {
            "SELECT concat(version, ''), concat(success, ''), concat(encode(checksum, 'hex'), '') FROM _sqlx_migrations \
             ORDER BY version"
        }
        Dialect::MySql | Dialect::Sqlite => {
            "SELECT concat(version, ''), concat(success, ''), concat(hex(checksum), '') FROM _sqlx_migrations \
             ORDER BY version"
        }
    },
    read,
    key: key::leading,
    digest: |bytes| Some(super::hex(&Sha384::digest(bytes))),
};

fn read(rows: &[Row]) -> Result<Record, EngineError> {
    let mut record = Record::default();
    for row in rows {
        let version = text(row, 0)?;
        if !is_true(row, 1)? {
            record.unsound.push(Unsound {
                place: version.to_owned(),
                message: "sqlx began it and it failed, so that nobody knows how much of it is applied".to_owned(),
                remedy:
                    "finish it or take it back by hand, set its row in _sqlx_migrations to success or delete it, then \
                         adopt again"
                        .to_owned(),
            });
        }
        record.applied.insert(Key::version(version), Some(text(row, 2)?.to_ascii_lowercase()));
    }
    Ok(record)
}
