//! Two schemas, and what is different in them, each difference by its place.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    finding::{Finding, Severity},
    schema::{Column, Schema, Table},
};

/// What to do about any of them.
const REMEDY: &str = "bring the database into line with the migrations, or bring the difference into a migration";

/// Where a live schema differs from the one that is expected, with this weight. The order of columns does not count: it tells
/// in which order migrations were applied.
#[must_use]
pub fn differences(expected: &Schema, live: &Schema, severity: Severity) -> Vec<Finding> {
    let mut seen = Differences { severity, found: Vec::new() };
    seen.parts("table", "", &expected.tables, &live.tables, |_, _| None);
    for (name, table) in &expected.tables {
        if let Some(other) = live.tables.get(name) {
            seen.table(name, table, other);
        }
    }
    let (then, now) = (objects(expected, live), objects(live, expected));
    seen.parts("object", "", &then, &now, changed);
    seen.found
}

/// The objects of a schema, but for an index that the other has not: that is told with its table.
fn objects(of: &Schema, other: &Schema) -> BTreeMap<String, String> {
    let indexes: BTreeSet<&String> = of.tables.values().flat_map(|table| table.indexes.keys()).collect();
    let is_told = |key: &String| {
        let name = key.strip_prefix("index ").map(str::to_owned);
        !other.objects.contains_key(key) && name.is_some_and(|name| indexes.contains(&name))
    };
    of.objects.iter().filter(|(key, _)| !is_told(key)).map(|(key, text)| (key.clone(), text.clone())).collect()
}

/// The differences that were found so far.
struct Differences {
    severity: Severity,
    found: Vec<Finding>,
}

impl Differences {
    fn table(&mut self, name: &str, expected: &Table, live: &Table) {
        let by_name = |table: &Table| -> BTreeMap<String, Column> {
            table.columns.iter().map(|column| (column.name.clone(), column.clone())).collect()
        };
        self.parts("column", name, &by_name(expected), &by_name(live), |then, now| {
            (then != now).then(|| (words(then), words(now)))
        });
        self.parts("index", name, &expected.indexes, &live.indexes, changed);
        self.parts("constraint", name, &expected.constraints, &live.constraints, changed);
        self.parts("foreign-key", name, &expected.foreign_keys, &live.foreign_keys, |then, now| {
            (then != now).then(|| (format!("{then:?}"), format!("{now:?}")))
        });
        if expected.options != live.options {
            self.tell("table-changed", name.to_owned(), is_other("table", &expected.options, &live.options));
        }
    }

    /// Parts of one kind: those that are missing, those that are more than expected, those that are not as expected.
    fn parts<T>(
        &mut self,
        kind: &str,
        of: &str,
        expected: &BTreeMap<String, T>,
        live: &BTreeMap<String, T>,
        differ: impl Fn(&T, &T) -> Option<(String, String)>,
    ) {
        let place = |name: &str| if of.is_empty() { name.to_owned() } else { format!("{of}.{name}") };
        let word = kind.replace('-', " ");
        for (name, then) in expected {
            match live.get(name) {
                None => {
                    let message = format!("the migrations make this {word}, and it is not there");
                    self.tell(&format!("{kind}-missing"), place(name), message);
                }
                Some(now) => {
                    if let Some((then, now)) = differ(then, now) {
                        self.tell(&format!("{kind}-changed"), place(name), is_other(&word, &then, &now));
                    }
                }
            }
        }
        for name in live.keys().filter(|name| !expected.contains_key(*name)) {
            self.tell(&format!("{kind}-unknown"), place(name), format!("no migration makes this {word}"));
        }
    }

    fn tell(&mut self, rule: &str, place: String, message: String) {
        self.found.push(Finding { severity: self.severity, ..Finding::critical(rule, place, message).remedy(REMEDY) });
    }
}

fn is_other(word: &str, then: &str, now: &str) -> String {
    format!("the migrations make this {word} {then}, and it is {now}")
}

fn changed(then: &String, now: &String) -> Option<(String, String)> {
    (then != now).then(|| (then.clone(), now.clone()))
}

fn words(Column { data_type, nullable, default, extra, .. }: &Column) -> String {
    let null = if *nullable { "NULL" } else { "NOT NULL" };
    let default = default.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
    format!("{data_type} {null}{default} {extra}").trim_end().to_owned()
}
