//! `ALTER TABLE`, clause by clause.

use super::{Act, full, lower};
use crate::sql::{Dialect, words::Words};

/// What one clause of `ALTER TABLE` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// Adds a column; `definition` is its type and what follows.
    AddColumn {
        /// The column.
        column: String,
        /// Its type and what follows.
        definition: Words,
    },
    /// Drops a column.
    DropColumn {
        /// The column.
        column: String,
    },
    /// Calls a column otherwise.
    RenameColumn {
        /// What it is called now.
        from: String,
        /// What it will be called.
        to: String,
    },
    /// Calls the table otherwise.
    RenameTo {
        /// What it will be called.
        to: String,
    },
    /// Changes something of a column: `SET NOT NULL`, `TYPE bigint`.
    AlterColumn {
        /// The column.
        column: String,
        /// What is changed.
        change: Words,
    },
    /// Defines a column anew (MariaDB, MySQL: `MODIFY`, `CHANGE`).
    Redefine {
        /// The column.
        column: String,
        /// What it is called afterwards.
        to: String,
        /// Its type and what follows.
        definition: Words,
    },
    /// Adds a constraint, a key or an index; `definition` begins with its kind.
    AddConstraint {
        /// Its name, where it is given before its kind.
        name: Option<String>,
        /// `unique (a)`, `check (…)`, `index i (a)`.
        definition: Words,
    },
    /// Anything else: all of its words.
    Other(Words),
}

impl Clause {
    /// The words that follow the names in it, where any are kept.
    #[must_use]
    pub fn words(&self) -> Option<&Words> {
        match self {
            Self::AddColumn { definition, .. }
            | Self::Redefine { definition, .. }
            | Self::AddConstraint { definition, .. } => Some(definition),
            Self::AlterColumn { change, .. } => Some(change),
            Self::Other(words) => Some(words),
            Self::DropColumn { .. } | Self::RenameColumn { .. } | Self::RenameTo { .. } => None,
        }
    }
}

/// How a constraint, a key or an index begins behind ADD.
const CONSTRAINTS: [&str; 10] =
    ["unique", "primary", "foreign", "check", "exclude", "index", "key", "fulltext", "spatial", "not"];

pub(super) fn altered(dialect: Dialect, words: &mut Words) -> Option<Act> {
    while words.take_any(&["online", "ignore"]).is_some() {}
    words.take("table").then_some(())?;
    words.take_all(&["if", "exists"]);
    words.take("only");
    let (schema, table) = full(words)?;
    words.take("*");
    let clauses = words.clauses().into_iter().flat_map(|clause| of(dialect, &clause)).collect();
    Some(Act::AlterTable { schema, table, clauses })
}

/// One clause; several where MariaDB and MySQL add columns in parentheses.
fn of(dialect: Dialect, words: &Words) -> Vec<Clause> {
    let mut read = words.clone();
    if read.take("add") {
        read.take("column");
        if let Some(mut columns) = read.group() {
            return columns.clauses().iter_mut().filter_map(added_column).collect();
        }
    }
    let mut read = words.clone();
    vec![known(dialect, &mut read).unwrap_or_else(|| Clause::Other(words.clone()))]
}

fn known(dialect: Dialect, words: &mut Words) -> Option<Clause> {
    match words.next_word()?.as_str() {
        "add" => added(words),
        "drop" => dropped(words),
        "rename" => renamed(words),
        "alter" => altered_column(words),
        "modify" if dialect == Dialect::MySql => redefined(words, true),
        "change" if dialect == Dialect::MySql => redefined(words, false),
        _ => None,
    }
}

fn added(words: &mut Words) -> Option<Clause> {
    if words.take("column") {
        return added_column(words);
    }
    if words.take("constraint") {
        let is_named = !words.nth(0).is_some_and(|next| CONSTRAINTS.contains(&next.as_str()));
        let name = if is_named { Some(lower(&words.name()?)) } else { None };
        return Some(Clause::AddConstraint { name, definition: words.clone() });
    }
    if words.nth(0).is_some_and(|next| CONSTRAINTS.contains(&next.as_str()) && next != "not") {
        return Some(Clause::AddConstraint { name: None, definition: words.clone() });
    }
    if words.nth(0).is_some_and(|next| ["partition", "table", "system", "period"].contains(&next.as_str())) {
        return None;
    }
    added_column(words)
}

fn added_column(words: &mut Words) -> Option<Clause> {
    words.take_all(&["if", "not", "exists"]);
    let column = lower(&words.name()?);
    Some(Clause::AddColumn { column, definition: words.clone() })
}

fn dropped(words: &mut Words) -> Option<Clause> {
    let is_rule = ["constraint", "index", "key", "foreign", "primary", "check", "partition", "system", "period"];
    if words.nth(0).is_some_and(|next| is_rule.contains(&next.as_str())) {
        return None;
    }
    words.take("column");
    words.take_all(&["if", "exists"]);
    Some(Clause::DropColumn { column: lower(&words.name()?) })
}

fn renamed(words: &mut Words) -> Option<Clause> {
    if words.take_any(&["to", "as"]).is_some() {
        return Some(Clause::RenameTo { to: lower(&words.name()?) });
    }
    if words.nth(0).is_some_and(|next| ["constraint", "index", "key"].contains(&next.as_str())) {
        return None;
    }
    words.take("column");
    words.take_all(&["if", "exists"]);
    let from = lower(&words.name()?);
    if !words.take("to") {
        // MariaDB and MySQL: RENAME table
        return Some(Clause::RenameTo { to: from });
    }
    Some(Clause::RenameColumn { from, to: lower(&words.name()?) })
}

fn altered_column(words: &mut Words) -> Option<Clause> {
    if words.nth(0).is_some_and(|next| ["index", "constraint", "check"].contains(&next.as_str())) {
        return None;
    }
    words.take("column");
    words.take_all(&["if", "exists"]);
    Some(Clause::AlterColumn { column: lower(&words.name()?), change: words.clone() })
}

fn redefined(words: &mut Words, keeps_its_name: bool) -> Option<Clause> {
    words.take("column");
    words.take_all(&["if", "exists"]);
    let column = lower(&words.name()?);
    let to = if keeps_its_name { column.clone() } else { lower(&words.name()?) };
    Some(Clause::Redefine { column, to, definition: words.clone() })
}
