//! The canonical model of a database's schema, the same for every engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in the server's own canonical words.
    pub data_type: String,
    /// Whether it accepts NULL.
    pub nullable: bool,
    /// Its default, as the server prints it.
    pub default: Option<String>,
    /// Everything else that is part of it (identity, generated, collation, comment, on update), in a fixed order.
    pub extra: String,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The table it points to.
    pub references: String,
    /// The columns it points to.
    pub referenced_columns: Vec<String>,
    /// Everything else (on delete, on update, deferrable).
    pub rules: String,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its indexes by name, primary key included, each in canonical words (columns, uniqueness, kind, predicate, validity).
    pub indexes: BTreeMap<String, String>,
    /// Its check, unique and exclusion constraints by name.
    pub constraints: BTreeMap<String, String>,
    /// Its foreign keys by name.
    pub foreign_keys: BTreeMap<String, ForeignKey>,
    /// What else belongs to it (engine, strictness, partitioning, comment).
    pub options: String,
    /// Rows, as the server estimates them; not part of the fingerprint.
    pub rows_estimate: u64,
    /// Whether it surely holds no row, as far as the server tells without counting; not part of the fingerprint.
    #[serde(default)]
    pub is_empty: bool,
    /// Bytes with its indexes, as the server estimates them; not part of the fingerprint.
    pub size_bytes: u64,
}

impl Table {
    /// Whether its rows lie in partitions or subpartitions, one of which is called so, in whatever case.
    #[must_use]
    pub fn has_partition(&self, name: &str) -> bool {
        let is_it = |word: &str| word.eq_ignore_ascii_case(name);
        let mut partitions = self.options.lines().filter_map(|line| line.strip_prefix("partition "));
        // A name may have blanks in it.
        partitions.any(|told| told.get(..name.len()).is_some_and(is_it) || told.split(' ').take(2).any(is_it))
    }

    /// Whether one of the subpartitions of this partition is called so, in whatever case.
    #[must_use]
    pub fn has_subpartition(&self, partition: &str, name: &str) -> bool {
        let both = format!("{partition} {name} ");
        let mut partitions = self.options.lines().filter_map(|line| line.strip_prefix("partition "));
        partitions.any(|told| told.get(..both.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(&both)))
    }
}

/// A schema without windlass's own tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Tables by name; outside the connection's default schema, by `schema.name`.
    pub tables: BTreeMap<String, Table>,
    /// Everything else (views, triggers, routines, types, sequences, extensions, events) by `kind name`, each in canonical words.
    pub objects: BTreeMap<String, String>,
}

/// Whether a table or object is called by one of `names`, the case of letters aside, and its schema, which is what stands before
/// one of its dots: a name may have dots of its own.
fn is_named(name: &str, names: &[String]) -> bool {
    let mut called = std::iter::successors(Some(name), |rest| rest.split_once('.').map(|(_, rest)| rest));
    called.any(|called| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(called)))
}

/// The name in `kind name`.
fn object_name(key: &str) -> &str {
    key.split_once(' ').map_or(key, |(_, name)| name)
}

impl Schema {
    /// Only the tables and objects that are called by one of `names` (unqualified, the case of letters aside).
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        let tables = self.tables.iter().filter(|(name, _)| is_named(name, names));
        let objects = self.objects.iter().filter(|(name, _)| is_named(object_name(name), names));
        Self {
            tables: tables.map(|(name, table)| (name.clone(), table.clone())).collect(),
            objects: objects.map(|(name, definition)| (name.clone(), definition.clone())).collect(),
        }
    }

    /// Puts what was looked at anew in the place of everything called by one of `names`.
    pub fn replace(&mut self, names: &[String], fresh: Self) {
        self.tables.retain(|name, _| !is_named(name, names));
        self.objects.retain(|name, _| !is_named(object_name(name), names));
        self.tables.extend(fresh.tables);
        self.objects.extend(fresh.objects);
    }

    /// A SHA-256 over everything but the estimates, in lower-case hex: equal schemas, equal fingerprints.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for (name, table) in &self.tables {
            part(name);
            part(&table.options);
            for column in &table.columns {
                part(&format!("{column:?}"));
            }
            part(&format!("{:?}{:?}{:?}", table.indexes, table.constraints, table.foreign_keys));
        }
        for (name, definition) in &self.objects {
            part(name);
            part(definition);
        }
        hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            use std::fmt::Write;
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
