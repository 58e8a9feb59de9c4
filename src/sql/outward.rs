//! Whether a statement reaches beyond the database that it is run in.

use super::{Dialect, Words};

/// Behind these, on a server whose databases are its schemas, comes a name that may be that of something elsewhere.
const BEFORE_A_NAME: [&str; 9] =
    ["table", "view", "trigger", "procedure", "function", "event", "into", "update", "from"];

/// Whether a statement makes, changes or chooses another database, an account or something else of the whole server, as far as its
/// words tell.
pub fn leads_out(dialect: Dialect, statement: &str) -> bool {
    let mut words = Words::of_newest(dialect, statement);
    let first = words.next_word().unwrap_or_default();
    let is_elsewhere = match (first.as_str(), words.nth(0).as_deref().unwrap_or_default()) {
        ("use" | "attach" | "detach", _)
        | ("create" | "alter" | "drop", "database" | "user" | "role" | "tablespace" | "server") => true,
        ("create" | "alter" | "drop", "schema") => dialect == Dialect::MySql,
        _ => false,
    };
    is_elsewhere || dialect == Dialect::MySql && names_another(words)
}

/// Whether what a statement is about is called by the name of a database and a dot.
fn names_another(mut words: Words) -> bool {
    while let Some(word) = words.next_word() {
        if !BEFORE_A_NAME.contains(&word.as_str()) {
            continue;
        }
        words.take_all(&["if", "not", "exists"]);
        words.take_all(&["if", "exists"]);
        if words.name().is_some() && words.was_qualified {
            return true;
        }
    }
    false
}
