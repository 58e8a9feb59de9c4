//! SQLite: DDL shares transactions (SQLite documentation, Transaction; Pragma statements).

use StatementKind::{Begin, Commit, OutsideTransaction, Rollback, Rows, Session, TransactionalDdl};

use crate::model::migration::StatementKind;

/// The kind of a statement.
pub fn kind(words: &[&str]) -> StatementKind {
    match words {
        ["select" | "insert" | "update" | "delete" | "replace" | "with" | "values" | "explain", ..] => Rows,
        ["pragma", rest @ ..] => pragma(rest),
        ["begin" | "savepoint", ..] => Begin,
        ["commit" | "end" | "release", ..] => Commit,
        ["rollback", ..] => Rollback,
        ["vacuum" | "attach" | "detach", ..] => OutsideTransaction,
        _ => TransactionalDdl,
    }
}

/// A few settings are refused within a transaction. `foreign_keys` is not: there it does nothing, silently.
fn pragma(rest: &[&str]) -> StatementKind {
    let rest = match rest {
        [_schema, ".", rest @ ..] => rest,
        _ => rest,
    };
    match rest {
        ["journal_mode" | "synchronous" | "temp_store", "=" | "(", ..] | ["wal_checkpoint", ..] => OutsideTransaction,
        _ => Session,
    }
}
