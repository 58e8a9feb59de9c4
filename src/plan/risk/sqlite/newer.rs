//! What came with which version (SQLite documentation, "Release History"). windlass brings its own library: the application's may
//! be older, and then cannot open what a migration has made of it.

use crate::{plan::risk::general::Newer, sql::Words};

const fn since(minor: u32, what: &'static str, uses: fn(&Words) -> bool) -> Newer {
    Newer { what, product: "SQLite", since: (3, minor, 0), uses }
}

/// What is newer than 3.24.
pub const NEWER: &[Newer] = &[
    since(25, "RENAME COLUMN", |words| {
        words.has(&["alter", "table"]) && words.has(&["rename"]) && words.has(&["to"]) && !words.has(&["rename", "to"])
    }),
    since(31, "a generated column", |words| words.has(&["generated", "always", "as"])),
    since(33, "UPDATE … FROM", |words| words.nth(0).as_deref() == Some("update") && words.has_outside(&["from"])),
    since(35, "DROP COLUMN", |words| words.has(&["alter", "table"]) && words.has(&["drop"])),
    since(35, "RETURNING", |words| words.has_outside(&["returning"])),
    since(37, "STRICT", |words| words.nth(0).as_deref() == Some("create") && words.ends_with("strict")),
    since(38, "the operator ->", |words| words.has(&["->"]) || words.has(&["->>"])),
    since(39, "RIGHT and FULL JOIN", |words| words.has(&["right", "join"]) || words.has(&["full", "join"])),
    since(45, "jsonb", |words| words.has(&["jsonb", "("])),
];
