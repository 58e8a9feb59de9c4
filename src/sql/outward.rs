//! Whether a statement reaches beyond the database that it is run in.

use super::{Dialect, Words};

/// What can be made, changed and dropped by the name of its database and a dot.
const KINDS: [&str; 7] = ["table", "view", "trigger", "procedure", "function", "event", "sequence"];

/// Whether a statement makes, changes or chooses another database, an account or something else of the whole server, as far as its
/// words tell.
pub fn leads_out(dialect: Dialect, statement: &str) -> bool {
    let mut words = Words::of_newest(dialect, statement);
    let first = words.next_word().unwrap_or_default();
    let is_elsewhere = match (first.as_str(), words.nth(0).as_deref().unwrap_or_default()) {
        ("use" | "attach" | "detach", _) | ("create" | "alter" | "drop", "database" | "role" | "tablespace") => true,
        // A user mapping is the database's own (PostgreSQL manual, "CREATE USER MAPPING").
        ("create" | "alter" | "drop", "user") => words.nth(1).as_deref() != Some("mapping"),
        ("create" | "alter" | "drop", "schema" | "server") => dialect == Dialect::MySql,
        _ => false,
    };
    is_elsewhere || dialect == Dialect::MySql && names_another(&first, words)
}

/// Whether what a statement is about, by its first words, is called by the name of a database and a dot.
fn names_another(first: &str, mut words: Words) -> bool {
    let before: &[&str] = match first {
        "create" | "alter" | "drop" | "rename" | "truncate" => &KINDS,
        "insert" | "replace" => &["into"],
        "delete" => &["from"],
        "update" => &[],
        _ => return false,
    };
    while !before.is_empty() {
        match words.next_word() {
            Some(word) if before.contains(&word.as_str()) => break,
            Some(_) => {}
            None => return false,
        }
    }
    words.take_all(&["if", "not", "exists"]);
    words.take_all(&["if", "exists"]);
    words.name().is_some() && words.was_qualified
}
