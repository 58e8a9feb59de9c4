//! What the way back drops.

use super::{Found, Scene, Trip, general::takes_name};
use crate::{
    model::{migration::Migration, risk::Rule},
    sql::{self, Act, Clause},
};

/// One finding for each statement of a down script that drops what rows were written into since.
pub fn of(scene: &Scene<'_>, migration: &Migration, up: &[Act]) -> Vec<Found> {
    let Some(down) = &migration.down else { return Vec::new() };
    let dialect = scene.facts.site.dialect;
    let trips =
        down.statements.iter().filter(|statement| statement.part.as_ref().is_none_or(|part| part.undo.is_some()));
    let acts: Vec<(u32, Act)> = trips
        .map(|statement| {
            let text = statement.part.as_ref().map_or(&statement.sql, |part| &part.of);
            (statement.line, sql::act(dialect, super::beginning(text)))
        })
        .collect();
    let told = acts.iter().filter_map(|(line, act)| {
        let mut lost = lost(act, up);
        lost.retain(|what| !acts.iter().any(|(_, act)| is_made_anew(act, what)));
        (!lost.is_empty()).then(|| Found { file: down.file.clone(), line: *line, trip: trip(&lost) })
    });
    told.collect()
}

/// Whether a statement of the down script calls another table so.
fn is_made_anew(act: &Act, what: &str) -> bool {
    what.strip_prefix("table ").is_some_and(|table| takes_name(act, table))
}

fn trip(lost: &[String]) -> Trip {
    let message = format!("going back drops {}: what was written there since goes with it", lost.join(", "));
    let remedy = "go back with a snapshot under it (policy.snapshot), or keep what must stay in the down script";
    Trip::new(Rule::DownLosesData, message, remedy)
}

/// The tables and columns with contents that a statement drops; not what the forward script itself has taken away.
fn lost(act: &Act, up: &[Act]) -> Vec<String> {
    match act {
        Act::DropTables { tables } => {
            let is_scratch = |table: &&String| {
                !up.iter().any(|act| matches!(act, Act::DropTables { tables } if tables.contains(*table)))
            };
            tables.iter().filter(is_scratch).map(|table| format!("table {table}")).collect()
        }
        Act::AlterTable { table, clauses } => {
            let column = |clause: &Clause| match clause {
                Clause::DropColumn { column } => Some(format!("column {table}.{column}")),
                _ => None,
            };
            clauses.iter().filter_map(column).collect()
        }
        Act::Truncate { tables, .. } => tables.iter().map(|table| format!("all rows of {table}")).collect(),
        Act::Delete { table, is_bounded: false, .. } => vec![format!("all rows of {table}")],
        Act::DropWhole { kind, name } => vec![format!("{kind} {name}")],
        _ => Vec::new(),
    }
}
