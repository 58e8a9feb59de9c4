//! What came with which version (PostgreSQL's release notes). windlass needs 13 itself.

use crate::{plan::risk::general::Newer, sql::Words};

const fn since(major: u32, what: &'static str, uses: fn(&Words) -> bool) -> Newer {
    Newer { what, product: "PostgreSQL", since: (major, 0, 0), uses }
}

/// What is newer than the oldest server that windlass works with.
pub const NEWER: &[Newer] = &[
    since(14, "DETACH PARTITION … CONCURRENTLY", |words| words.has(&["detach"]) && words.has(&["concurrently"])),
    since(14, "CREATE OR REPLACE TRIGGER", |words| words.has(&["create", "or", "replace", "trigger"])),
    since(14, "a column's COMPRESSION", |words| {
        words.has(&["compression", "pglz"]) || words.has(&["compression", "lz4"])
    }),
    since(14, "a routine's body without quotes", |words| words.has(&["begin", "atomic"])),
    since(15, "MERGE", |words| words.has(&["merge", "into"])),
    since(15, "NULLS NOT DISTINCT", |words| words.has(&["nulls", "not", "distinct"])),
    since(15, "SET ACCESS METHOD", |words| words.has(&["set", "access", "method"])),
    since(15, "security_invoker", |words| words.has(&["security_invoker"])),
    since(16, "IS JSON", |words| words.has(&["is", "json"])),
    since(17, "JSON_TABLE", |words| words.has(&["json_table", "("])),
    since(17, "SET EXPRESSION", |words| words.has(&["set", "expression"])),
    since(18, "a virtual generated column", |words| words.has(&[")", "virtual"])),
    since(18, "NOT ENFORCED", |words| words.has(&["not", "enforced"])),
    since(18, "WITHOUT OVERLAPS", |words| words.has(&["without", "overlaps"])),
    since(18, "uuidv7", |words| words.has(&["uuidv7", "("])),
];
