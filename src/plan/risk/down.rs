//! What the way back drops.

use super::{Found, Scene, Trip, general::takes_name};
use crate::{
    model::{migration::Migration, risk::Rule},
    sql::{self, Act, Clause},
};

/// How much of what is dropped is named.
const NAMED_MAX: usize = 5;

/// What a down script drops that rows were written into since, at the first statement that does.
pub fn of(scene: &Scene<'_>, migration: &Migration, up: &[Act]) -> Option<Found> {
    let down = migration.down.as_ref()?;
    let dialect = scene.facts.site.dialect;
    let statements = super::written(down).into_iter();
    let acts: Vec<(u32, Act)> =
        statements.map(|(statement, text)| (statement.line, sql::act(dialect, super::beginning(text)))).collect();
    let is_kept = |what: &String| acts.iter().any(|(_, act)| is_made_anew(act, what));
    let mut lost = Vec::new();
    let mut line = 0;
    for (at, act) in &acts {
        let own: Vec<String> = self::lost(act, up).into_iter().filter(|what| !is_kept(what)).collect();
        line = if lost.is_empty() { *at } else { line };
        lost.extend(own);
    }
    (!lost.is_empty()).then(|| Found { file: down.file.clone(), line, trip: trip(&lost) })
}

/// Whether a statement of the down script calls another table so.
fn is_made_anew(act: &Act, what: &str) -> bool {
    what.strip_prefix("table ").is_some_and(|table| takes_name(act, table))
}

fn trip(lost: &[String]) -> Trip {
    let named = lost.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match lost.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("going back drops {named}{more}: what was written there since goes with it");
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
        Act::AlterTable { table, clauses, .. } => {
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
