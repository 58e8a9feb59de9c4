//! Whether a statement reaches beyond the database that it is run in.

use super::{Dialect, Words};

/// What can be made, changed and dropped by the name of its database and a dot.
const KINDS: [&str; 8] = ["table", "tables", "view", "trigger", "procedure", "function", "event", "sequence"];

/// What MariaDB and MySQL do to accounts and to the whole server.
const OF_THE_SERVER: [&str; 14] = [
    "grant",
    "revoke",
    "flush",
    "kill",
    "shutdown",
    "install",
    "uninstall",
    "purge",
    "reset",
    "change",
    "stop",
    "restart",
    "clone",
    "binlog",
];

/// What may stand between a statement's first word and the tables that it is about.
const OPTIONS: [&str; 5] = ["low_priority", "high_priority", "delayed", "quick", "ignore"];

/// Whether a statement makes, changes or chooses another database, an account or something else of the whole server, as far as its
/// words tell.
pub fn leads_out(dialect: Dialect, statement: &str) -> bool {
    let mut words = Words::of_newest(dialect, statement);
    let mut first = words.next_word().unwrap_or_default();
    if first == "with" {
        first = behind_queries(&mut words);
    }
    words.take_all(&["or", "replace"]);
    let (is_mysql, is_postgres) = (dialect == Dialect::MySql, dialect == Dialect::Postgres);
    let is_elsewhere = match (first.as_str(), words.nth(0).as_deref().unwrap_or_default()) {
        ("use" | "attach" | "detach", _) | ("create" | "alter" | "drop", "database" | "role" | "tablespace") => true,
        // A user mapping is the database's own (PostgreSQL manual, "CREATE USER MAPPING").
        ("create" | "alter" | "drop", "user") => words.nth(1).as_deref() != Some("mapping"),
        ("create" | "alter" | "drop", "schema" | "server")
        | ("rename", "user")
        | ("set", "password" | "default")
        | ("start", "slave" | "replica" | "group_replication" | "all") => is_mysql,
        // The old words for roles (PostgreSQL manual, "CREATE GROUP"), and what a role owns, privileges on databases among it.
        ("create" | "alter" | "drop", "group" | "subscription")
        | ("alter", "system")
        | ("reassign" | "drop", "owned") => is_postgres,
        // Membership in a role; privileges name what they are on, which may be the whole database or the server's.
        ("grant" | "revoke", _) if is_postgres => {
            !words.has_outside(&["on"])
                || ["database", "tablespace", "parameter"].iter().any(|on| words.has_outside(&["on", on]))
        }
        ("comment", "on") => ["database", "role", "tablespace"].contains(&words.nth(1).unwrap_or_default().as_str()),
        // A file or a program of the server's (PostgreSQL manual, "COPY").
        ("copy", _) => is_postgres && !(words.has_outside(&["from", "stdin"]) || words.has_outside(&["to", "stdout"])),
        ("vacuum", _) => words.has_outside(&["into"]),
        ("set", _) => is_mysql && words.clone().clauses().iter().any(sets_for_all),
        (verb, _) => is_mysql && OF_THE_SERVER.contains(&verb),
    };
    is_elsewhere || is_mysql && names_another(&first, words)
}

/// The verb of a statement that begins with queries, `WITH a AS (…), b AS (…) DELETE …`.
fn behind_queries(words: &mut Words) -> String {
    while !words.is_at_end() {
        if words.group().is_none() {
            match words.next_word() {
                Some(verb) if ["select", "insert", "replace", "update", "delete"].contains(&verb.as_str()) => {
                    return verb;
                }
                _ => {}
            }
        }
    }
    String::new()
}

/// Whether an assignment is for every session (MariaDB manual, "SET").
fn sets_for_all(clause: &Words) -> bool {
    let told = clause.told().replace(' ', "");
    let scope = clause.nth(0).unwrap_or_default();
    ["global", "persist", "persist_only"].contains(&scope.as_str())
        || ["@@global.", "@@persist.", "@@persist_only."].iter().any(|scope| told.starts_with(scope))
}

/// Whether something that a statement makes, changes or drops is called by the name of a database and a dot.
fn names_another(first: &str, mut words: Words) -> bool {
    match first {
        "create" | "alter" | "drop" => defined_elsewhere(first, &mut words),
        "rename" => {
            words.take_any(&["table", "tables"]);
            words.take_all(&["if", "exists"]);
            words
                .clauses()
                .into_iter()
                .any(|mut pair| is_elsewhere(&mut pair) || pair.skip_to("to") && is_elsewhere(&mut pair))
        }
        "truncate" => {
            words.take("table");
            any_elsewhere(&mut words)
        }
        "insert" | "replace" => {
            options(&mut words);
            words.take("into");
            is_elsewhere(&mut words)
        }
        "update" => {
            options(&mut words);
            any_reference_elsewhere(words.up_to_any_outside(&["set"]))
        }
        "delete" => {
            options(&mut words);
            any_elsewhere(&mut words.up_to_any_outside(&["from"]))
                || words.take("from") && any_reference_elsewhere(words.up_to_any_outside(&["where", "using", "order"]))
                || words.take("using") && any_reference_elsewhere(words.up_to_any_outside(&["where", "order"]))
        }
        "call" => is_elsewhere(&mut words),
        "load" => words.skip_to("into") && words.take("table") && is_elsewhere(&mut words),
        _ => false,
    }
}

fn options(words: &mut Words) {
    while words.take_any(&OPTIONS).is_some() {}
}

/// `CREATE`, `ALTER` and `DROP` of what has a name in a database.
fn defined_elsewhere(first: &str, words: &mut Words) -> bool {
    let kind = loop {
        match words.next_word() {
            Some(word) if word == "index" || KINDS.contains(&word.as_str()) => break word,
            Some(_) => {}
            None => return false,
        }
    };
    if kind == "index" {
        return words.skip_to("on") && is_elsewhere(words);
    }
    words.take_all(&["if", "not", "exists"]);
    words.take_all(&["if", "exists"]);
    match (first, kind.as_str()) {
        ("drop", _) => any_elsewhere(words),
        ("alter", "table") => is_elsewhere(words) || words.clauses().iter_mut().any(is_bound_elsewhere),
        (_, "trigger") => is_elsewhere(words) || words.skip_to("on") && is_elsewhere(words),
        _ => is_elsewhere(words),
    }
}

/// `RENAME TO elsewhere.t` within `ALTER TABLE`, and partitions that become tables there or come from there.
fn is_bound_elsewhere(clause: &mut Words) -> bool {
    if clause.take_any(&["exchange", "convert"]).is_some() {
        return clause.skip_to("table") && is_elsewhere(clause);
    }
    let renames =
        clause.take("rename") && !["column", "index", "key"].contains(&clause.nth(0).unwrap_or_default().as_str());
    clause.take_any(&["to", "as"]);
    renames && is_elsewhere(clause)
}

/// The next name.
fn is_elsewhere(words: &mut Words) -> bool {
    words.name().is_some() && words.was_qualified
}

/// Names with commas between.
fn any_elsewhere(words: &mut Words) -> bool {
    words.clauses().iter_mut().any(is_elsewhere)
}

/// Tables that a statement goes through together, with commas or joins between.
fn any_reference_elsewhere(mut words: Words) -> bool {
    words.clauses().into_iter().any(|mut clause| {
        loop {
            while clause.take("(") {}
            if is_elsewhere(&mut clause) {
                break true;
            }
            if !clause.skip_to("join") {
                break false;
            }
        }
    })
}
