//! What a statement does, as far as rules about risks go by it.
//!
//! Names are in small letters and without their schema, which stands beside them where it matters; what no rule asks for is left in words, or is [`Act::Other`].

mod alter;

pub use alter::Clause;

use super::{Dialect, words::Words};

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Makes a table; `body` is all that follows its name.
    CreateTable {
        /// The schema before its name, where one is written.
        schema: Option<String>,
        /// The table.
        table: String,
        /// Its columns and options.
        body: Words,
    },
    /// Makes an index.
    CreateIndex {
        /// The index, where it is named.
        index: Option<String>,
        /// The schema before its table's name, where one is written.
        schema: Option<String>,
        /// Its table.
        table: String,
        /// The word before INDEX, where there is one: `unique`, `fulltext`, `spatial`.
        kind: Option<String>,
        /// Whether others may write meanwhile (`CONCURRENTLY`).
        concurrently: bool,
        /// Whether it leaves the partitions of the table alone (`ON ONLY`).
        only: bool,
        /// All that follows the table.
        rest: Words,
    },
    /// Drops indexes.
    DropIndex {
        /// The indexes.
        indexes: Vec<String>,
        /// Whether others may go on meanwhile (`CONCURRENTLY`).
        concurrently: bool,
        /// The table, where it is named (`ON`).
        table: Option<String>,
    },
    /// Changes a table.
    AlterTable {
        /// The schema before its name, where one is written.
        schema: Option<String>,
        /// The table.
        table: String,
        /// What is done to it, in order.
        clauses: Vec<Clause>,
    },
    /// Drops tables.
    DropTables {
        /// The tables.
        tables: Vec<String>,
    },
    /// Drops a schema or a database.
    DropWhole {
        /// `schema`, `database`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Renames tables: from, to.
    RenameTables(Vec<(String, String)>),
    /// Removes all rows of tables.
    Truncate {
        /// The tables.
        tables: Vec<String>,
        /// Whether tables that refer to them go with them (`CASCADE`).
        cascades: bool,
    },
    /// Changes rows of a table; `rest` is all that follows its name.
    Update {
        /// The table.
        table: String,
        /// What is set, and where.
        rest: Words,
        /// Whether it says which rows.
        is_bounded: bool,
    },
    /// Removes rows of a table; `rest` is all that follows its name.
    Delete {
        /// The table.
        table: String,
        /// Which.
        rest: Words,
        /// Whether it says which rows.
        is_bounded: bool,
    },
    /// Adds rows to a table; `rest` is all that follows its name.
    Insert {
        /// The table.
        table: String,
        /// Columns and where the rows come from.
        rest: Words,
    },
    /// Anything else: all of its words.
    Other(Words),
}

/// What a statement does.
pub(super) fn of(dialect: Dialect, sql: &str) -> Act {
    let words = Words::of_newest(dialect, sql);
    let mut read = words.clone();
    known(dialect, &mut read).unwrap_or(Act::Other(words))
}

fn known(dialect: Dialect, words: &mut Words) -> Option<Act> {
    let first = words.next_word()?;
    match first.as_str() {
        "create" => created(words),
        "drop" => dropped(words),
        "alter" => alter::altered(dialect, words),
        "rename" => renamed(words),
        "truncate" => truncated(words),
        "update" => updated(words),
        "delete" => deleted(words),
        "insert" | "replace" => inserted(words),
        "with" => changed_with(words),
        _ => None,
    }
}

fn created(words: &mut Words) -> Option<Act> {
    words.take_all(&["or", "replace"]);
    let _ = words.take_any(&["online", "offline"]);
    while words.take_any(&["global", "local", "temporary", "temp", "unlogged"]).is_some() {}
    if words.take("table") {
        words.take_all(&["if", "not", "exists"]);
        let (schema, table) = full(words)?;
        return Some(Act::CreateTable { schema, table, body: words.clone() });
    }
    let kind = words.take_any(&["unique", "fulltext", "spatial", "vector"]);
    words.take("index").then_some(())?;
    let concurrently = words.take("concurrently");
    words.take_all(&["if", "not", "exists"]);
    let index = if words.nth(0).as_deref() == Some("on") { None } else { Some(lower(&words.name()?)) };
    let _ = words.up_to(&["on"]);
    words.take("on").then_some(())?;
    let only = words.take("only");
    let (schema, table) = full(words)?;
    Some(Act::CreateIndex { index, schema, table, kind, concurrently, only, rest: words.clone() })
}

fn dropped(words: &mut Words) -> Option<Act> {
    words.take("temporary");
    let kind = words.next_word()?;
    let concurrently = words.take("concurrently");
    words.take_all(&["if", "exists"]);
    match kind.as_str() {
        "table" | "tables" => Some(Act::DropTables { tables: names(words)? }),
        "index" => {
            let indexes = names(words)?;
            let table = if words.take("on") { Some(lower(&words.name()?)) } else { None };
            Some(Act::DropIndex { indexes, concurrently, table })
        }
        "schema" | "database" => Some(Act::DropWhole { kind, name: lower(&words.name()?) }),
        _ => None,
    }
}

fn renamed(words: &mut Words) -> Option<Act> {
    words.take_any(&["table", "tables"])?;
    words.take_all(&["if", "exists"]);
    let mut pairs = Vec::new();
    for mut pair in words.clauses() {
        let from = lower(&pair.name()?);
        let _ = pair.up_to(&["to"]);
        pair.take("to").then_some(())?;
        pairs.push((from, lower(&pair.name()?)));
    }
    Some(Act::RenameTables(pairs))
}

fn truncated(words: &mut Words) -> Option<Act> {
    words.take("table");
    words.take("only");
    let cascades = words.has_any(&["cascade"]);
    Some(Act::Truncate { tables: names(words)?, cascades })
}

fn updated(words: &mut Words) -> Option<Act> {
    while words.take_any(&["only", "low_priority", "ignore"]).is_some() {}
    if words.take("or") {
        words.next_word();
    }
    let table = lower(&words.name()?);
    let is_bounded = words.has_outside(&["where"]) || words.has_outside(&["limit"]);
    words.has_outside(&["set"]).then(|| Act::Update { table, rest: words.clone(), is_bounded })
}

fn deleted(words: &mut Words) -> Option<Act> {
    while words.take_any(&["low_priority", "quick", "ignore"]).is_some() {}
    words.take("from").then_some(())?;
    words.take("only");
    let table = lower(&words.name()?);
    let is_bounded = words.has_outside(&["where"]) || words.has_outside(&["limit"]) || words.has_outside(&["using"]);
    Some(Act::Delete { table, rest: words.clone(), is_bounded })
}

fn inserted(words: &mut Words) -> Option<Act> {
    while words.take_any(&["low_priority", "delayed", "high_priority", "ignore"]).is_some() {}
    if words.take("or") {
        words.next_word();
    }
    words.take("into");
    Some(Act::Insert { table: lower(&words.name()?), rest: words.clone() })
}

/// `WITH … UPDATE`, `WITH … DELETE`, `WITH … INSERT`: the verb outside parentheses decides.
fn changed_with(words: &mut Words) -> Option<Act> {
    let mut seen = words.clone();
    while !seen.is_at_end() {
        if seen.group().is_some() {
            continue;
        }
        match seen.next_word()?.as_str() {
            "update" => return updated(&mut seen),
            "delete" => return deleted(&mut seen),
            "insert" => return inserted(&mut seen),
            _ => {}
        }
    }
    None
}

/// Names with commas between.
fn names(words: &mut Words) -> Option<Vec<String>> {
    let mut names = vec![lower(&words.name()?)];
    words.take("*");
    while words.take(",") {
        words.take("only");
        names.push(lower(&words.name()?));
        words.take("*");
    }
    Some(names)
}

/// A name with its schema.
fn full(words: &mut Words) -> Option<(Option<String>, String)> {
    let (schema, name) = words.full_name()?;
    Some((schema.as_deref().map(lower), lower(&name)))
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}
