//! Types of columns.

use std::fmt;

use crate::sql::{Dialect, Words};

/// A type as far as changes go by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// `int`, `varchar`, `enum`.
    pub name: String,
    /// Length, precision, scale; none where they mean nothing.
    pub arguments: Vec<u32>,
    /// The values of an enumeration or set.
    pub values: Vec<String>,
    /// Whether it has no negative values.
    pub is_unsigned: bool,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let arguments: Vec<String> = if self.values.is_empty() {
            self.arguments.iter().map(ToString::to_string).collect()
        } else {
            self.values.iter().map(|value| format!("'{value}'")).collect()
        };
        if !arguments.is_empty() {
            write!(f, "({})", arguments.join(","))?;
        }
        f.write_str(if self.is_unsigned { " unsigned" } else { "" })
    }
}

/// Whole numbers, from the narrowest to the widest.
const WHOLE: [&str; 5] = ["tinyint", "smallint", "mediumint", "int", "bigint"];
/// Texts and bytes without a length of their own, from the shortest to the longest.
const TEXTS: [[&str; 4]; 2] =
    [["tinytext", "text", "mediumtext", "longtext"], ["tinyblob", "blob", "mediumblob", "longblob"]];

/// A text of its own kind, on MariaDB too, where it is a `longtext` that must hold JSON.
pub const JSON: &str = "json";

/// Names that mean the same type.
const SYNONYMS: [(&str, &str); 11] = [
    ("integer", "int"),
    ("int4", "int"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("bool", "tinyint"),
    ("boolean", "tinyint"),
    ("numeric", "decimal"),
    ("dec", "decimal"),
    ("fixed", "decimal"),
    ("character", "char"),
    ("real", "double"),
];

/// The type that stands in a text.
pub fn of_text(text: &str) -> Option<Kind> {
    read(&mut Words::of_newest(Dialect::MySql, text))
}

/// Takes a type.
pub fn read(words: &mut Words) -> Option<Kind> {
    let first = words.name()?.to_lowercase();
    let known = SYNONYMS.iter().find(|(word, _)| *word == first).map_or(first.as_str(), |(_, name)| name);
    let mut name = known.to_owned();
    words.take("precision");
    if words.take("varying") {
        "varchar".clone_into(&mut name);
    }
    let group = words.group();
    let values = group.iter().flat_map(Words::literals).map(str::to_owned).collect();
    let numbers = group.map(|group| group.told()).unwrap_or_default();
    let mut arguments: Vec<u32> = numbers.split(" , ").filter_map(|number| number.trim().parse().ok()).collect();
    if WHOLE.contains(&name.as_str()) {
        // A width of display, which the newer servers no longer tell.
        arguments.clear();
    }
    Some(Kind { is_unsigned: words.take("unsigned"), name, arguments, values })
}

/// What may become of values that do not fit the new type; `None` where all of them do.
pub fn narrows(old: &Kind, new: &Kind) -> bool {
    let rank = |kind: &Kind, list: &[&str]| list.iter().position(|name| *name == kind.name);
    let is_shorter = |list: &[&str]| rank(old, list).zip(rank(new, list)).is_some_and(|(before, after)| after < before);
    let length = |kind: &Kind| kind.arguments.first().copied();
    let is_text = |kind: &Kind| kind.name == JSON || TEXTS.iter().any(|texts| rank(kind, texts).is_some());
    let is_bounded = |kind: &Kind| ["varchar", "char", "varbinary", "binary"].contains(&kind.name.as_str());
    is_shorter(&WHOLE)
        || TEXTS.iter().any(|texts| is_shorter(texts))
        || (rank(old, &WHOLE).is_some() && rank(new, &WHOLE).is_some() && old.is_unsigned != new.is_unsigned)
        || (is_text(old) && is_bounded(new))
        || (is_bounded(old) && is_bounded(new) && length(new) < length(old))
        || (old.name == "decimal" && new.name == "decimal" && !decimal_keeps(old, new))
        || (["decimal", "double", "float"].contains(&old.name.as_str()) && rank(new, &WHOLE).is_some())
        || (old.name == "double" && new.name == "float")
        || (["datetime", "timestamp"].contains(&old.name.as_str()) && new.name == "date")
        || (old.name == new.name
            && ["datetime", "timestamp", "time"].contains(&old.name.as_str())
            && length(new) < length(old))
        || (["enum", "set"].contains(&new.name.as_str()) && old.values.iter().any(|value| !new.values.contains(value)))
}

fn decimal_keeps(old: &Kind, new: &Kind) -> bool {
    let scale = |kind: &Kind| kind.arguments.get(1).copied().unwrap_or(0);
    let whole = |kind: &Kind| kind.arguments.first().copied().unwrap_or(10).saturating_sub(scale(kind));
    scale(new) >= scale(old) && whole(new) >= whole(old)
}

/// Whether the new type only says that more is allowed, so that no row is touched. `bytes` is what a character takes, before and
/// afterwards.
pub fn only_widens(old: &Kind, new: &Kind, bytes: (u32, u32), is_mariadb: bool) -> bool {
    match (old.name.as_str(), new.name.as_str()) {
        ("varchar", "varchar") | ("varbinary", "varbinary") => longer(old, new, bytes, is_mariadb),
        ("char", "char") => old == new && (is_mariadb || longer(old, new, bytes, false)),
        (one, other) if one == other && old == new => true,
        ("enum", "enum") => new.values.starts_with(&old.values) && enum_bytes(new) == enum_bytes(old),
        ("set", "set") => new.values.starts_with(&old.values) && set_bytes(new) == set_bytes(old),
        _ => false,
    }
}

/// What a value of an enumeration takes (MySQL manual, "Data Type Storage Requirements").
fn enum_bytes(kind: &Kind) -> usize {
    if kind.values.len() <= 255 { 1 } else { 2 }
}

/// What a set takes: one bit for each member, in 1, 2, 3, 4 or 8 bytes (the same page).
fn set_bytes(kind: &Kind) -> usize {
    match kind.values.len().div_ceil(8) {
        bytes @ 0..=4 => bytes.max(1),
        _ => 8,
    }
}

/// A length of up to 255 bytes takes one byte of a row, a longer one two; MariaDB has room for it where the old one is at
/// most 127 bytes (MariaDB manual, "`InnoDB` Online DDL Operations with the INSTANT Alter Algorithm", Modifying a Column).
fn longer(old: &Kind, new: &Kind, bytes: (u32, u32), is_mariadb: bool) -> bool {
    let (Some(before), Some(after)) = (old.arguments.first(), new.arguments.first()) else { return old == new };
    let (before, after) = (before.saturating_mul(bytes.0), after.saturating_mul(bytes.1));
    let keeps_room = before > 255 || after <= 255 || (is_mariadb && before <= 127);
    after >= before && keeps_room
}
