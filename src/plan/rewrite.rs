//! How much of the tables a run writes anew: for a forecast of the room it takes, by the words of its statements and the sizes
//! that the server estimates. A change that only touches the catalog (`ADD COLUMN`, `DROP`, `RENAME`) counts as nothing.

use crate::{
    model::{migration::Script, schema::Schema},
    sql::{self, Dialect},
};

/// Of a table, an index takes one part in this many.
const INDEX_PARTS: u64 = 4;

/// Words of `ALTER TABLE` with which at least one server writes every row again (PostgreSQL manual, "ALTER TABLE", Notes;
/// MariaDB manual, "Online DDL Operations with the COPY Alter Algorithm").
const ALTERS_ROWS: [&str; 9] =
    ["type", "modify", "change", "convert", "engine", "force", "logged", "unlogged", "stored"];

/// The bytes of tables that these scripts write anew, each table once for each statement that does.
pub fn rewritten_bytes<'a>(dialect: Dialect, schema: &Schema, scripts: impl Iterator<Item = &'a Script>) -> u64 {
    if schema.tables.is_empty() {
        return 0;
    }
    let statements = scripts.flat_map(|script| &script.statements);
    statements.map(|statement| of_statement(dialect, schema, &statement.sql)).fold(0, u64::saturating_add)
}

fn of_statement(dialect: Dialect, schema: &Schema, statement: &str) -> u64 {
    let named =
        || schema.only(&sql::names(dialect, statement)).tables.values().map(|table| table.size_bytes).sum::<u64>();
    match weight(statement) {
        Weight::Nothing => 0,
        Weight::Index => named() / INDEX_PARTS,
        Weight::Rows => named(),
    }
}

enum Weight {
    Nothing,
    Index,
    Rows,
}

fn weight(statement: &str) -> Weight {
    let lower = statement.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let has = |word: &str| words.contains(&word);
    match words.as_slice() {
        ["alter", "table", ..] if ALTERS_ROWS.iter().any(|word| has(word)) => Weight::Rows,
        ["alter", "table", ..] if has("index") || has("key") || has("unique") => Weight::Index,
        ["create", "index", ..] | ["create", "unique", "index", ..] => Weight::Index,
        ["create", "table", ..] | ["insert" | "replace", ..] if has("select") => Weight::Rows,
        ["update" | "delete", ..] if !has("where") => Weight::Rows,
        ["vacuum" | "cluster" | "optimize" | "repack" | "reindex", ..] => Weight::Rows,
        _ => Weight::Nothing,
    }
}
