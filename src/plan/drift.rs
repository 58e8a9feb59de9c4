//! The live schema against the one that should be there: what is missing, what nobody knows, and what is not as it should be.

use std::collections::{BTreeMap, BTreeSet};

use super::Against;
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

/// A table, or a part of one, that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// A table.
    Table {
        /// Its name.
        name: String,
    },
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

/// How many differences there are between the schema and the one that was left, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DriftCount {
    /// What was left and is gone.
    pub missing: usize,
    /// What nobody left.
    pub extra: usize,
    /// What is not as it was left.
    pub different: usize,
}

impl DriftCount {
    /// Counts those findings that tell of such a difference.
    #[must_use]
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut count = Self::default();
        for finding in findings {
            match finding.rule.rsplit_once('-') {
                Some((_, "missing")) => count.missing += 1,
                Some((_, "orphaned")) => count.extra += 1,
                Some((_, "changed")) => count.different += 1,
                _ => {}
            }
        }
        count
    }
}

/// Every difference: missing tables and columns are critical, all else is worth a look.
#[must_use]
pub fn drift(left: &Schema, live: &Schema, against: Against) -> Vec<Drift> {
    let mut seen = Seen { against, found: Vec::new() };
    for (name, table) in &left.tables {
        match live.tables.get(name) {
            Some(now) => seen.table(name, table, now),
            None => seen.missing_table(name),
        }
    }
    for name in live.tables.keys().filter(|name| !left.tables.contains_key(*name)) {
        seen.stranger("table", name, &format!("drop table {name}"));
    }
    let told = indexes_of_tables(left, live);
    let objects = [left, live].map(|schema| {
        let mut objects = words(&schema.objects);
        objects.retain(|key, _| !key.strip_prefix("index ").is_some_and(|name| told.contains(unqualified(name))));
        objects
    });
    seen.parts(&objects, "object", "", None);
    seen.found
}

/// The names of the indexes that stand with their tables; some engines list them among the objects once more.
fn indexes_of_tables<'a>(left: &'a Schema, live: &'a Schema) -> BTreeSet<&'a str> {
    let tables = left.tables.values().chain(live.tables.values());
    tables.flat_map(|table| table.indexes.keys()).map(|name| unqualified(name)).collect()
}

fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn words(parts: &BTreeMap<String, String>) -> BTreeMap<&str, String> {
    parts.iter().map(|(name, words)| (name.as_str(), words.clone())).collect()
}

/// The differences that were found so far.
struct Seen {
    against: Against,
    found: Vec<Drift>,
}

impl Seen {
    fn table(&mut self, name: &str, left: &Table, live: &Table) {
        self.columns(name, left, live);
        for (index, words) in left.indexes.iter().filter(|(index, _)| !live.indexes.contains_key(*index)) {
            let again = format!("create index {index} on {name} again");
            let finding = Finding::warning("index-missing", format!("{name}.{index}"), self.against.missing("index"))
                .remedy(self.against.restore(again));
            let missing = Missing::Index { table: name.to_owned(), name: index.clone(), words: words.clone() };
            self.found.push(Drift { finding, missing: Some(missing) });
        }
        let here = format!("{name}.");
        let indexes = [&left.indexes, &live.indexes].map(words);
        let keys = [left, live].map(|table| {
            table.foreign_keys.iter().map(|(key, it)| (key.as_str(), format!("{it:?}"))).collect::<BTreeMap<_, _>>()
        });
        let constraints = [&left.constraints, &live.constraints].map(words);
        self.parts(&indexes, "index", &here, Some("index-missing"));
        self.parts(&keys, "foreign-key", &here, None);
        self.parts(&constraints, "constraint", &here, None);
        if left.options != live.options {
            self.changed("table-changed", name, &format!("{:?}", left.options), &format!("{:?}", live.options));
        }
    }

    fn columns(&mut self, name: &str, left: &Table, live: &Table) {
        for column in &left.columns {
            let place = format!("{name}.{}", column.name);
            match live.columns.iter().find(|other| other.name == column.name) {
                None => {
                    let again = format!("restore the column in {name}, or go back to a snapshot");
                    let finding = Finding::critical("column-missing", place, self.against.missing("column"))
                        .remedy(self.against.restore(again));
                    let missing = Missing::Column { table: name.to_owned(), column: column.clone() };
                    self.found.push(Drift { finding, missing: Some(missing) });
                }
                Some(other) if other != column => {
                    self.changed("column-changed", &place, &in_words(column), &in_words(other));
                }
                Some(_) => {}
            }
        }
        let is_stranger = |column: &&Column| left.columns.iter().all(|known| known.name != column.name);
        for column in live.columns.iter().filter(is_stranger) {
            self.stranger("column", &format!("{name}.{}", column.name), "drop it");
        }
    }

    /// Parts of one kind that are missing, changed, or extra; `told` is a rule that was applied already.
    fn parts(&mut self, [left, live]: &[BTreeMap<&str, String>; 2], kind: &str, here: &str, told: Option<&str>) {
        let missing = format!("{kind}-missing");
        let what = kind.replace('-', " ");
        for (name, words) in left {
            let place = format!("{here}{name}");
            match live.get(name) {
                None if told == Some(missing.as_str()) => {}
                None => {
                    let finding = Finding::warning(&missing, place, self.against.missing(&what));
                    let again = format!("create {what} {name} again");
                    self.found.push(finding.remedy(self.against.restore(again)).into());
                }
                Some(now) if now != words => self.changed(&format!("{kind}-changed"), &place, words, now),
                Some(_) => {}
            }
        }
        for name in live.keys().filter(|name| !left.contains_key(*name)) {
            self.stranger(kind, &format!("{here}{name}"), &format!("drop {what} {name}"));
        }
    }

    fn missing_table(&mut self, name: &str) {
        let again = format!("restore table {name}, or go back to a snapshot: windlass snapshot list");
        let finding =
            Finding::critical("table-missing", name, self.against.missing("table")).remedy(self.against.restore(again));
        self.found.push(Drift { finding, missing: Some(Missing::Table { name: name.to_owned() }) });
    }

    fn stranger(&mut self, kind: &str, place: &str, drop: &str) {
        let message = self.against.stranger(&kind.replace('-', " "));
        let finding = Finding::warning(&format!("{kind}-orphaned"), place, message);
        let severity = self.against.weight_of_stranger();
        self.found.push(Finding { severity, ..finding.remedy(self.against.take_in(drop)) }.into());
    }

    fn changed(&mut self, rule: &str, place: &str, then: &str, now: &str) {
        let finding = Finding::warning(rule, place, self.against.changed(then, now));
        self.found.push(finding.remedy(self.against.bring()).into());
    }
}

fn in_words(column: &Column) -> String {
    let null = if column.nullable { "" } else { " not null" };
    let default = column.default.as_ref().map(|default| format!(" default {default}")).unwrap_or_default();
    format!("{}{null}{default} {}", column.data_type, column.extra).trim_end().to_owned()
}
