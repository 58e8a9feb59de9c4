//! SQLite: the traps of making a table anew, what `ALTER TABLE` refuses, and what locks the whole file.

mod column;
mod newer;
mod rebuild;
mod statement;

use super::{Case, Trip};
use crate::sql::{Act, Clause};

pub use newer::NEWER;

/// What a statement risks on SQLite.
pub fn trips(case: &Case<'_>) -> Vec<Trip> {
    match case.act {
        Act::AlterTable { table, clauses, .. } => {
            clauses.iter().filter_map(|clause| of_clause(case, table, clause)).collect()
        }
        Act::CreateIndex { table, .. } => statement::index(case, table).into_iter().collect(),
        Act::DropTables { tables } => tables.iter().flat_map(|table| rebuild::dropped(case, table)).collect(),
        Act::Insert { table, rest } => rebuild::copied(case, table, rest),
        Act::Other(words) => statement::of(case, words).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn of_clause(case: &Case<'_>, table: &str, clause: &Clause) -> Option<Trip> {
    match clause {
        Clause::AddColumn { column, definition } => column::added(case, table, column, definition),
        Clause::DropColumn { column } => column::dropped(case, table, column),
        Clause::RenameTo { to } => rebuild::renamed_away(case, table, to),
        _ => None,
    }
}
