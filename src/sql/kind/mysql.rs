//! MariaDB and MySQL. What commits: their manuals, SQL Statements That Cause an Implicit Commit.

use StatementKind::{Begin, Commit, ImplicitCommit, Rollback, Rows, Session};

use crate::model::migration::StatementKind;

/// The first words of what only reads or changes rows.
const ROWS: [&str; 19] = [
    "checksum", "delete", "desc", "describe", "do", "explain", "get", "handler", "help", "insert", "replace",
    "resignal", "select", "show", "signal", "table", "update", "values", "with",
];

/// The kind of a statement.
///
/// A temporary table is made and dropped without a commit; it belongs to the session, as `SET` does. `CALL`, `EXECUTE` and
/// compound statements may run anything. `LOAD DATA` changes rows; `LOAD INDEX` commits.
pub fn kind(words: &[&str]) -> StatementKind {
    match words {
        [first, ..] if ROWS.contains(first) => Rows,
        ["load", "data" | "xml", ..] => Rows,
        ["set", rest @ ..] => set(rest),
        ["use" | "prepare" | "deallocate", ..]
        | ["drop", "prepare", ..]
        | ["create" | "drop", "temporary", ..]
        | ["create", "or", "replace", "temporary", ..] => Session,
        ["begin", second, ..] if *second == "not" => ImplicitCommit,
        ["begin" | "savepoint", ..] | ["start", "transaction", ..] | ["xa", "start" | "begin", ..] => Begin,
        ["commit" | "release", ..] | ["xa", "commit", ..] => Commit,
        ["rollback", ..] | ["xa", "rollback", ..] => Rollback,
        _ => ImplicitCommit,
    }
}

/// `SET` commits where it changes accounts, and where it switches autocommit on.
fn set(rest: &[&str]) -> StatementKind {
    match rest {
        ["password", ..] | ["default", "role", ..] => ImplicitCommit,
        _ if rest.contains(&"autocommit") => ImplicitCommit,
        _ => Session,
    }
}
