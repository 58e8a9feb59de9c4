//! What differs between two schemas, object by object.

use std::collections::{BTreeMap, BTreeSet};

use super::schema::{Column, ForeignKey, Schema, Table};

/// One object that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which: `table guests`, `column guests.name`, `index guests.guests_pkey`, `view arrivals`.
    pub object: String,
    /// How: `is gone`, `is new`, `was text, is varchar(80)`.
    pub what: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.object, self.what)
    }
}

/// What of `then` is not so in `now`; nothing when their fingerprints are equal, and something when they are not.
#[must_use]
pub fn differences(then: &Schema, now: &Schema) -> Vec<Difference> {
    let mut found = Vec::new();
    for name in names(&then.tables, &now.tables) {
        match (then.tables.get(name), now.tables.get(name)) {
            (Some(then), Some(now)) => table(name, then, now, &mut found),
            (then, _) => found.push(there_or_not(format!("table {name}"), then.is_some())),
        }
    }
    each(&then.objects, &now.objects, &str::to_owned, Clone::clone, &mut found);
    found
}

fn table(name: &str, then: &Table, now: &Table, found: &mut Vec<Difference>) {
    let [columns_then, columns_now] = [then, now].map(by_name);
    each(&columns_then, &columns_now, &|column| format!("column {name}.{column}"), |column| in_words(column), found);
    let order = |table: &Table, other: &BTreeMap<String, &Column>| -> Vec<String> {
        table.columns.iter().map(|column| column.name.clone()).filter(|column| other.contains_key(column)).collect()
    };
    let [order_then, order_now] = [order(then, &columns_now), order(now, &columns_then)];
    if order_then != order_now {
        let what = format!("had its columns in the order {}, has {}", order_then.join(", "), order_now.join(", "));
        found.push(Difference { object: format!("table {name}"), what });
    }
    each(&then.indexes, &now.indexes, &|index| format!("index {name}.{index}"), Clone::clone, found);
    each(&then.constraints, &now.constraints, &|one| format!("constraint {name}.{one}"), Clone::clone, found);
    each(&then.foreign_keys, &now.foreign_keys, &|key| format!("foreign key {name}.{key}"), reference, found);
    if then.options != now.options {
        found.push(changed(format!("table {name}"), &then.options, &now.options));
    }
}

fn by_name(table: &Table) -> BTreeMap<String, &Column> {
    table.columns.iter().map(|column| (column.name.clone(), column)).collect()
}

/// What is only in one of the two, or not the same in both.
fn each<T: PartialEq>(
    then: &BTreeMap<String, T>,
    now: &BTreeMap<String, T>,
    object: &dyn Fn(&str) -> String,
    words: impl Fn(&T) -> String,
    found: &mut Vec<Difference>,
) {
    for name in names(then, now) {
        match (then.get(name), now.get(name)) {
            (Some(then), Some(now)) if then == now => {}
            (Some(then), Some(now)) => found.push(changed(object(name), &words(then), &words(now))),
            (then, _) => found.push(there_or_not(object(name), then.is_some())),
        }
    }
}

fn names<'a, T>(then: &'a BTreeMap<String, T>, now: &'a BTreeMap<String, T>) -> BTreeSet<&'a String> {
    then.keys().chain(now.keys()).collect()
}

fn there_or_not(object: String, was_there: bool) -> Difference {
    Difference { object, what: if was_there { "is gone" } else { "is new" }.to_owned() }
}

fn changed(object: String, then: &str, now: &str) -> Difference {
    Difference { object, what: format!("was {}, is {}", on_one_line(then), on_one_line(now)) }
}

fn in_words(column: &Column) -> String {
    let Column { name: _, data_type, nullable, default, extra } = column;
    let null = if *nullable { "" } else { " NOT NULL" };
    let default = default.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
    let extra = if extra.is_empty() { String::new() } else { format!(" {extra}") };
    format!("{data_type}{null}{default}{extra}")
}

fn reference(key: &ForeignKey) -> String {
    let ForeignKey { columns, references, referenced_columns, rules } = key;
    format!("({}) to {references} ({}) {rules}", columns.join(", "), referenced_columns.join(", "))
}

/// A definition, short enough for a sentence.
fn on_one_line(text: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARACTERS_MAX) {
        _ if line.is_empty() => "nothing".to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
