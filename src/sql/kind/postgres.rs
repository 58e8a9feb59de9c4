//! PostgreSQL. What refuses transactions: the manual's page of each command ("cannot be executed inside a
//! transaction block").

use StatementKind::{Begin, Commit, OutsideTransaction, Rollback, Rows, Session, TransactionalDdl};

use super::has_pair;
use crate::model::migration::StatementKind;

/// The first words of what only reads or changes rows.
const ROWS: [&str; 18] = [
    "close", "copy", "declare", "delete", "execute", "explain", "fetch", "insert", "lock", "merge", "move", "notify",
    "select", "show", "table", "update", "values", "with",
];

/// The kind of a statement. `DO` and `CALL` may hold DDL; `ALTER TYPE … ADD VALUE` is at home in a transaction since version 12.
pub fn kind(words: &[&str]) -> StatementKind {
    match words {
        ["select", rest @ ..] if is_setting(rest) => Session,
        [first, ..] if ROWS.contains(first) => Rows,
        ["discard", "all", ..] | ["commit" | "rollback", "prepared", ..] => OutsideTransaction,
        ["begin" | "start" | "savepoint", ..] => Begin,
        ["commit" | "end" | "release", ..] | ["prepare", "transaction", ..] => Commit,
        ["set" | "reset" | "discard" | "listen" | "unlisten" | "load" | "prepare" | "deallocate", ..] => Session,
        ["rollback" | "abort", ..] => Rollback,
        _ if refuses_transactions(words) => OutsideTransaction,
        _ => TransactionalDdl,
    }
}

/// `set_config(…)` and nothing else, which is how a setting is written as a query (`pg_dump` does so).
fn is_setting(rest: &[&str]) -> bool {
    let rest = rest.strip_prefix(&["pg_catalog", "."]).unwrap_or(rest);
    matches!(rest, ["set_config", "(", _, ",", _, ",", _, ")"])
}

fn refuses_transactions(words: &[&str]) -> bool {
    match words {
        ["vacuum", ..]
        | ["alter", "system", ..]
        | ["create" | "drop", "database" | "tablespace", ..]
        | ["create" | "alter" | "drop", "subscription", ..]
        | ["create" | "drop", "index", "concurrently", ..]
        | ["create", "unique", "index", "concurrently", ..] => true,
        ["alter", "database", ..] => has_pair(words, ["set", "tablespace"]),
        ["alter", "table", ..] => has_pair(words, ["detach", "partition"]) && words.contains(&"concurrently"),
        ["reindex", rest @ ..] => reindexes_outside(rest),
        ["cluster", rest @ ..] => names_nothing(rest),
        _ => false,
    }
}

/// `REINDEX` of all that a schema, database or system holds, or of anything `CONCURRENTLY`.
fn reindexes_outside(rest: &[&str]) -> bool {
    let object = behind_options(rest).first().copied();
    rest.contains(&"concurrently") || matches!(object, Some("schema" | "database" | "system"))
}

/// `CLUSTER`, `CLUSTER VERBOSE` and `CLUSTER (…)` without a table.
fn names_nothing(rest: &[&str]) -> bool {
    matches!(behind_options(rest), [] | ["verbose"])
}

/// What follows `(VERBOSE, …)`.
fn behind_options<'a, 'b>(rest: &'a [&'b str]) -> &'a [&'b str] {
    match (rest.first(), rest.iter().position(|word| *word == ")")) {
        (Some(&"("), Some(close)) => &rest[close + 1..],
        _ => rest,
    }
}
