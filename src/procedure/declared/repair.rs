//! The statements that would mend a difference.

use super::Declared;
use crate::{
    model::finding::Finding,
    plan::{self, Drift, Making, Missing},
    procedure::{Target, drift},
};

/// Something that could be added.
pub(super) struct Addition {
    /// What it is: `table holds`, `column decks.berths`, `index decks.decks_by_name`.
    pub object: String,
    /// The statement.
    pub sql: String,
    /// The table that it makes, or that was made just before.
    pub of: Option<Of>,
}

/// What a statement is to a table that is not there.
pub(super) enum Of {
    /// It makes the table of this full name.
    Makes(String),
    /// It belongs to it.
    Follows,
}

/// What cannot be added, and why.
pub(super) struct Hindered {
    pub object: String,
    pub why: &'static str,
}

/// Differences with the statements that would mend them, for a person to read.
pub(super) fn shown(target: &Target, declared: &Declared, found: Vec<Drift>) -> Vec<Finding> {
    let told = found.into_iter().map(|Drift { finding, missing }| {
        let statements = missing.map(|missing| statements(target, declared, &missing)).unwrap_or_default();
        if statements.is_empty() {
            return finding;
        }
        let remedy = format!("{}; its definition: {}", finding.remedy, statements.join("\n"));
        Finding { remedy, ..finding }
    });
    told.collect()
}

/// What would mend one difference, each statement with its end.
fn statements(target: &Target, declared: &Declared, missing: &Missing) -> Vec<String> {
    match missing {
        Missing::Table { name } => {
            let tables = [name.clone()];
            makes(target, declared, &tables).map(|making| format!("{};", making.statement)).collect()
        }
        part => drift::again(target, part).into_iter().collect(),
    }
}

/// The statements of the declared schema that make these tables.
fn makes<'a>(
    target: &Target,
    declared: &'a Declared,
    tables: &'a [String],
) -> impl Iterator<Item = Making<'a>> + use<'a> {
    plan::makes(target.engine.dialect(), &declared.as_written.up, &declared.made.schema, tables).into_iter()
}

/// All that could be added, in an order in which each finds what it needs, and what cannot.
pub(super) fn additions(target: &Target, declared: &Declared, found: &[Drift]) -> (Vec<Addition>, Vec<Hindered>) {
    let missing: Vec<&Missing> = found.iter().filter_map(|one| one.missing.as_ref()).collect();
    let tables: Vec<String> = missing.iter().filter_map(|one| table(one)).collect();
    let mut additions: Vec<Addition> = makes(target, declared, &tables)
        .map(|Making { table, statement, creates }| Addition {
            object: format!("table {table}"),
            sql: statement.to_owned(),
            of: Some(if creates { Of::Makes(table.to_owned()) } else { Of::Follows }),
        })
        .collect();
    let mut hindered = Vec::new();
    for name in &tables {
        let object = format!("table {name}");
        if !additions.iter().any(|one| one.object == object) {
            hindered.push(Hindered { object, why: "no plain statement of the declared schema makes it" });
        }
    }
    let (columns, indexes): (Vec<&Missing>, Vec<&Missing>) =
        missing.into_iter().filter(|one| table(one).is_none()).partition(|one| matches!(one, Missing::Column { .. }));
    for part in columns.into_iter().chain(indexes) {
        let object = named(part);
        match drift::again(target, part) {
            Some(sql) => additions.push(Addition { object, sql: sql.trim_end_matches(';').to_owned(), of: None }),
            None => hindered.push(Hindered { object, why: why_not(part) }),
        }
    }
    (additions, hindered)
}

fn table(missing: &Missing) -> Option<String> {
    match missing {
        Missing::Table { name } => Some(name.clone()),
        _ => None,
    }
}

fn named(missing: &Missing) -> String {
    match missing {
        Missing::Table { name } => format!("table {name}"),
        Missing::Column { table, column } => format!("column {table}.{}", column.name),
        Missing::Index { table, name, .. } => format!("index {table}.{name}"),
    }
}

fn why_not(missing: &Missing) -> &'static str {
    match missing {
        Missing::Column { column, .. } if !column.nullable && column.default.is_none() => {
            "it is NOT NULL and has no default, so that rows that are there could not have it"
        }
        Missing::Column { .. } => "it is more than a type and a plain default",
        _ => "it belongs to a constraint, or is more than columns",
    }
}
