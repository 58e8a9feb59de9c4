//! The live schema against the one the last run left.

use super::Seen;
use crate::model::{finding::Finding, schema::Table};

/// Tables and columns that are missing, and tables that nobody knows.
pub(super) fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let Some(expected) = &seen.expected else {
        return vec![
            Finding::info(
                "nothing-to-compare",
                seen.target.name.to_string(),
                "no earlier run left a record of the schema here, so tables and columns were not compared",
            )
            .remedy("the next run leaves one"),
        ];
    };
    let mut found = Vec::new();
    for (name, table) in &expected.tables {
        match seen.schema.tables.get(name) {
            Some(live) => found.extend(columns(name, table, live)),
            None => found.push(
                Finding::critical("table-missing", name, "the last run left this table and it is gone")
                    .remedy(format!("restore table {name}, or go back to a snapshot: windlass snapshot list")),
            ),
        }
    }
    let strangers = seen.schema.tables.keys().filter(|name| !expected.tables.contains_key(*name));
    found.extend(strangers.map(|name| {
        Finding::warning("table-orphaned", name, "no migration left this table")
            .remedy(format!("drop table {name}, or bring it into a migration"))
    }));
    found
}

fn columns(name: &str, expected: &Table, live: &Table) -> Vec<Finding> {
    let mut found = Vec::new();
    for column in &expected.columns {
        let place = format!("{name}.{}", column.name);
        match live.columns.iter().find(|other| other.name == column.name) {
            None => found.push(
                Finding::critical("column-missing", place, "the last run left this column and it is gone")
                    .remedy(format!("restore the column in {name}, or go back to a snapshot")),
            ),
            Some(other) if other != column => found.push(
                Finding::warning(
                    "column-changed",
                    place,
                    format!("the last run left it as {}, it is {}", column.data_type, other.data_type),
                )
                .remedy("bring the change into a migration"),
            ),
            Some(_) => {}
        }
    }
    let missing = expected.indexes.keys().filter(|index| !live.indexes.contains_key(*index));
    found.extend(missing.map(|index| {
        Finding::warning("index-missing", format!("{name}.{index}"), "the last run left this index and it is gone")
            .remedy(format!("create index {index} on {name} again"))
    }));
    let keys = expected.foreign_keys.keys().filter(|key| !live.foreign_keys.contains_key(*key));
    found.extend(keys.map(|key| {
        Finding::warning(
            "foreign-key-missing",
            format!("{name}.{key}"),
            "the last run left this foreign key and it is gone",
        )
        .remedy(format!("create foreign key {key} on {name} again"))
    }));
    found
}
