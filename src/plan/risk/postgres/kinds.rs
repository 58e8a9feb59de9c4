//! Types of columns, and what it takes to go from one to another.

use std::fmt;

use crate::sql::{Dialect, Words};

/// A type, by the name that its synonyms share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// `int4`, `varchar`, `timestamptz`.
    pub name: String,
    /// Length, precision, scale.
    pub arguments: Vec<u32>,
    is_array: bool,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.arguments.is_empty() {
            let arguments: Vec<String> = self.arguments.iter().map(ToString::to_string).collect();
            write!(f, "({})", arguments.join(","))?;
        }
        f.write_str(if self.is_array { "[]" } else { "" })
    }
}

/// Names that mean the same type (PostgreSQL manual, "Data Types", table 8.1).
const SYNONYMS: [(&str, &str); 16] = [
    ("int", "int4"),
    ("integer", "int4"),
    ("bigint", "int8"),
    ("smallint", "int2"),
    ("boolean", "bool"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("real", "float4"),
    ("float", "float8"),
    ("double", "float8"),
    ("char", "bpchar"),
    ("character", "bpchar"),
    ("nchar", "bpchar"),
    ("bigserial", "serial8"),
    ("smallserial", "serial2"),
    ("serial4", "serial"),
];

/// The type that stands in a text.
pub fn of_text(text: &str) -> Option<Kind> {
    read(&mut Words::of_newest(Dialect::Postgres, text))
}

/// Takes a type.
pub fn read(words: &mut Words) -> Option<Kind> {
    words.take("national");
    let first = words.name()?.to_lowercase();
    let known = SYNONYMS.iter().find(|(word, _)| *word == first).map_or(first.as_str(), |(_, name)| name);
    let mut name = known.to_owned();
    words.take("precision");
    if words.take("varying") {
        if first == "bit" { "varbit" } else { "varchar" }.clone_into(&mut name);
    }
    let arguments = words.group().map(|group| numbers(&group)).unwrap_or_default();
    if words.take("with") {
        words.take_all(&["time", "zone"]);
        name.push_str("tz");
    } else if words.nth(0).as_deref() == Some("without") {
        words.take_all(&["without", "time", "zone"]);
    }
    let mut is_array = words.take("array");
    while words.take("[") {
        is_array = true;
        let _ = words.up_to(&["]"]);
        words.take("]");
    }
    Some(Kind { name, arguments, is_array })
}

fn numbers(group: &Words) -> Vec<u32> {
    group.told().split(" , ").filter_map(|number| number.trim().parse().ok()).collect()
}

/// What a change of type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The catalog alone.
    Free,
    /// Every row is written anew.
    Rewrites,
    /// Every row is written anew, unless the session's time zone is UTC.
    OutsideUtc,
}

/// What a change of type takes: nothing where the old values are the new ones byte for byte (PostgreSQL manual, ALTER TABLE,
/// Notes; release notes of 9.2 for lengths and precisions, of 12 for time zones).
pub fn change(old: &Kind, new: &Kind) -> Change {
    const BOUNDED: [&str; 7] = ["varchar", "varbit", "timestamp", "timestamptz", "time", "timetz", "interval"];
    let is_free = old.is_array == new.is_array
        && match (old.name.as_str(), new.name.as_str()) {
            ("varchar" | "xml", "text") | ("cidr", "inet") => true,
            ("text", "varchar") => new.arguments.is_empty(),
            ("numeric", "numeric") => numeric_widens(old, new),
            (one, other) if one == other && BOUNDED.contains(&one) => widens(old, new),
            (one, other) => one == other && old.arguments == new.arguments,
        };
    match (old.name.as_str(), new.name.as_str()) {
        _ if is_free => Change::Free,
        ("timestamp", "timestamptz") | ("timestamptz", "timestamp") if widens(old, new) => Change::OutsideUtc,
        _ => Change::Rewrites,
    }
}

/// Whether the first argument grows, or goes: none is no bound.
fn widens(old: &Kind, new: &Kind) -> bool {
    match (old.arguments.first(), new.arguments.first()) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(before), Some(after)) => after >= before,
    }
}

fn numeric_widens(old: &Kind, new: &Kind) -> bool {
    let scale = |kind: &Kind| kind.arguments.get(1).copied().unwrap_or(0);
    new.arguments.is_empty() || (!old.arguments.is_empty() && widens(old, new) && scale(old) == scale(new))
}

/// What may become of values that do not fit the new type; `None` where all of them do.
pub fn narrows(old: &Kind, new: &Kind) -> Option<&'static str> {
    const REFUSED: &str = "a value that does not fit has the statement fail";
    const ROUNDED: &str = "digits that do not fit are rounded away without a word";
    let whole = ["int2", "int4", "int8"];
    let place = |kind: &Kind| whole.iter().position(|name| *name == kind.name);
    match (old.name.as_str(), new.name.as_str()) {
        _ if place(old).zip(place(new)).is_some_and(|(before, after)| after < before) => Some(REFUSED),
        ("varchar" | "text" | "bpchar", "varchar" | "bpchar") if !new.arguments.is_empty() && !widens(old, new) => {
            Some(REFUSED)
        }
        ("numeric", "numeric") if !numeric_keeps(old, new) => Some(ROUNDED),
        ("numeric" | "float4" | "float8", "int2" | "int4" | "int8") | ("float8", "float4") => Some(ROUNDED),
        ("timestamp" | "timestamptz", "date") => Some("the time of day is dropped without a word"),
        ("timestamp" | "timestamptz" | "time" | "timetz" | "interval", same)
            if same == old.name && !widens(old, new) =>
        {
            Some(ROUNDED)
        }
        _ => None,
    }
}

/// Whether every number keeps all of its digits.
fn numeric_keeps(old: &Kind, new: &Kind) -> bool {
    match (old.arguments.as_slice(), new.arguments.as_slice()) {
        (_, []) => true,
        ([], _) => false,
        (before, after) => {
            let scale = |arguments: &[u32]| arguments.get(1).copied().unwrap_or(0);
            let whole = |arguments: &[u32]| arguments[0].saturating_sub(scale(arguments));
            scale(after) >= scale(before) && whole(after) >= whole(before)
        }
    }
}
