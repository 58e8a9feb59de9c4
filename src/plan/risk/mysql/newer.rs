//! What came with which version (the release notes of MariaDB and MySQL). windlass needs MariaDB 10.6 or MySQL 8.0 itself.

use crate::{plan::risk::general::Newer, sql::Words};

const fn mariadb(major: u32, minor: u32, what: &'static str, uses: fn(&Words) -> bool) -> Newer {
    Newer { what, product: "MariaDB", since: (major, minor, 0), uses }
}

const fn mysql(patch: u32, what: &'static str, uses: fn(&Words) -> bool) -> Newer {
    Newer { what, product: "MySQL", since: (8, 0, patch), uses }
}

/// Whether a word stands where the type of a column can.
fn has_type(words: &Words, kind: &str) -> bool {
    let follows = ["not", "null", "primary", "default", ",", ")"];
    let is_definition = words.nth(0).is_some_and(|first| ["create", "alter"].contains(&first.as_str()));
    is_definition && (follows.iter().any(|next| words.has(&[kind, next])) || words.ends_with(kind))
}

fn is_vector(words: &Words) -> bool {
    words.has(&["vector", "("])
}

/// What is newer than the oldest servers that windlass works with.
pub const NEWER: &[Newer] = &[
    mariadb(10, 7, "the type UUID", |words| has_type(words, "uuid")),
    mariadb(10, 10, "the type INET4", |words| has_type(words, "inet4")),
    mariadb(11, 7, "the type VECTOR", is_vector),
    mysql(12, "ALGORITHM=INSTANT", |words| words.has(&["algorithm", "=", "instant"])),
    mysql(13, "an expression as DEFAULT", |words| words.has(&["default", "("])),
    mysql(16, "an enforced CHECK", |words| words.has(&["check", "("])),
    mysql(19, "DROP CONSTRAINT", |words| words.has(&["drop", "constraint"])),
    mysql(23, "an invisible column", |words| words.has_any(&["invisible"]) && words.has(&["add"])),
    Newer { what: "the type VECTOR", product: "MySQL", since: (9, 0, 0), uses: is_vector },
    mysql(31, "INTERSECT and EXCEPT", |words| words.has_any(&["intersect", "except"])),
];
