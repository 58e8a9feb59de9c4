//! The live schema against the one that was left: what is missing, what nobody knows, and what is not as it was.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    finding::Finding,
    schema::{Column, Schema, Table},
};

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What is told of it.
    pub finding: Finding,
    /// What could be added to mend it.
    pub missing: Option<Missing>,
}

/// A part of a table that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// A column.
    Column {
        /// Of this table.
        table: String,
        /// As it was left.
        column: Column,
    },
    /// An index.
    Index {
        /// Of this table.
        table: String,
        /// Its name.
        name: String,
        /// In the canonical words of the schema.
        words: String,
    },
}

impl From<Finding> for Drift {
    fn from(finding: Finding) -> Self {
        Self { finding, missing: None }
    }
}

/// Whether a finding of a validation tells a difference between the schema and the one that was left.
#[must_use]
pub fn is_drift(finding: &Finding) -> bool {
    ["-missing", "-orphaned", "-changed"].iter().any(|how| finding.rule.ends_with(how))
}

/// Every difference: missing tables and columns are critical, all else is worth a look.
#[must_use]
pub fn drift(left: &Schema, live: &Schema) -> Vec<Drift> {
    let mut found: Vec<Drift> = Vec::new();
    for (name, table) in &left.tables {
        match live.tables.get(name) {
            Some(now) => of_table(name, table, now, &mut found),
            None => found.push(
                Finding::critical("table-missing", name, "the last run left this table and it is gone")
                    .remedy(format!("restore table {name}, or go back to a snapshot: windlass snapshot list"))
                    .into(),
            ),
        }
    }
    let strangers = live.tables.keys().filter(|name| !left.tables.contains_key(*name));
    found.extend(strangers.map(|name| {
        Finding::warning("table-orphaned", name, "no migration left this table")
            .remedy(format!("drop table {name}, or bring it into a migration"))
            .into()
    }));
    let told = indexes_of_tables(left, live);
    let objects = [left, live].map(|schema| {
        let mut objects = words(&schema.objects);
        objects.retain(|key, _| !key.strip_prefix("index ").is_some_and(|name| told.contains(unqualified(name))));
        objects
    });
    found.extend(parts(&objects, "object", "", None).into_iter().map(Drift::from));
    found
}

/// The names of the indexes that stand with their tables; some engines list them among the objects once more.
fn indexes_of_tables<'a>(left: &'a Schema, live: &'a Schema) -> BTreeSet<&'a str> {
    let tables = left.tables.values().chain(live.tables.values());
    tables.flat_map(|table| table.indexes.keys()).map(|name| unqualified(name)).collect()
}

fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn of_table(name: &str, left: &Table, live: &Table, found: &mut Vec<Drift>) {
    columns(name, left, live, found);
    for (index, words) in left.indexes.iter().filter(|(index, _)| !live.indexes.contains_key(*index)) {
        let finding =
            Finding::warning("index-missing", format!("{name}.{index}"), "the last run left this index and it is gone")
                .remedy(format!("create index {index} on {name} again"));
        let missing = Missing::Index { table: name.to_owned(), name: index.clone(), words: words.clone() };
        found.push(Drift { finding, missing: Some(missing) });
    }
    let here = format!("{name}.");
    let indexes = [&left.indexes, &live.indexes].map(words);
    let keys = [left, live].map(|table| {
        table.foreign_keys.iter().map(|(key, it)| (key.as_str(), format!("{it:?}"))).collect::<BTreeMap<_, _>>()
    });
    let constraints = [&left.constraints, &live.constraints].map(words);
    let more = parts(&indexes, "index", &here, Some("index-missing"))
        .into_iter()
        .chain(parts(&keys, "foreign-key", &here, None))
        .chain(parts(&constraints, "constraint", &here, None));
    found.extend(more.map(Drift::from));
    if left.options != live.options {
        let message = format!("the last run left it as {:?}, it is {:?}", left.options, live.options);
        found.push(Finding::warning("table-changed", name, message).remedy(BRING).into());
    }
}

/// What to do with a change that no migration made.
const BRING: &str = "bring the change into a migration";

fn words(parts: &BTreeMap<String, String>) -> BTreeMap<&str, String> {
    parts.iter().map(|(name, words)| (name.as_str(), words.clone())).collect()
}

/// Parts of one kind that are missing, changed, or extra; `told` is a rule that was applied already.
fn parts([left, live]: &[BTreeMap<&str, String>; 2], kind: &str, here: &str, told: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    let rule = |what: &str| format!("{kind}-{what}");
    let kind_words = kind.replace('-', " ");
    for (name, words) in left {
        let place = format!("{here}{name}");
        match live.get(name) {
            None if told == Some(rule("missing").as_str()) => {}
            None => found.push(
                Finding::warning(
                    &rule("missing"),
                    place,
                    format!("the last run left this {kind_words} and it is gone"),
                )
                .remedy(format!("create {kind_words} {name} again")),
            ),
            Some(now) if now != words => found.push(
                Finding::warning(&rule("changed"), place, format!("the last run left it as {words}, it is {now}"))
                    .remedy(BRING),
            ),
            Some(_) => {}
        }
    }
    let strangers = live.keys().filter(|name| !left.contains_key(*name));
    found.extend(strangers.map(|name| {
        Finding::warning(&rule("orphaned"), format!("{here}{name}"), format!("no migration left this {kind_words}"))
            .remedy(format!("drop {kind_words} {name}, or bring it into a migration"))
    }));
    found
}

fn columns(name: &str, left: &Table, live: &Table, found: &mut Vec<Drift>) {
    for column in &left.columns {
        let place = format!("{name}.{}", column.name);
        match live.columns.iter().find(|other| other.name == column.name) {
            None => {
                let finding =
                    Finding::critical("column-missing", place, "the last run left this column and it is gone")
                        .remedy(format!("restore the column in {name}, or go back to a snapshot"));
                let missing = Missing::Column { table: name.to_owned(), column: column.clone() };
                found.push(Drift { finding, missing: Some(missing) });
            }
            Some(other) if other != column => {
                found.push(Finding::warning("column-changed", place, changed(column, other)).remedy(BRING).into());
            }
            Some(_) => {}
        }
    }
    let is_stranger = |column: &&Column| left.columns.iter().all(|known| known.name != column.name);
    found.extend(live.columns.iter().filter(is_stranger).map(|column| {
        Finding::warning("column-orphaned", format!("{name}.{}", column.name), "no migration left this column")
            .remedy("drop it, or bring it into a migration")
            .into()
    }));
}

fn changed(left: &Column, live: &Column) -> String {
    let words = |column: &Column| {
        let null = if column.nullable { "" } else { " not null" };
        let default = column.default.as_ref().map(|default| format!(" default {default}")).unwrap_or_default();
        format!("{}{null}{default} {}", column.data_type, column.extra).trim_end().to_owned()
    };
    format!("the last run left it as {}, it is {}", words(left), words(live))
}
