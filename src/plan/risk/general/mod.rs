//! Rules that hold on every engine.

mod loss;
mod names;
mod newer;
mod required;

use super::{Case, Trip};
use crate::sql::{Act, Clause};

pub use loss::takes_name;
pub use newer::Newer;

/// What a statement risks on any engine.
pub fn trips(case: &Case<'_>) -> Vec<Trip> {
    let mut found: Vec<Trip> = newer::of(case).into_iter().collect();
    match case.act {
        Act::AlterTable { table, clauses, .. } => {
            found.extend(clauses.iter().filter_map(|clause| of_clause(case, table, clause)));
        }
        Act::RenameTables(pairs) => found.extend(pairs.iter().filter_map(|(from, to)| names::table(case, from, to))),
        act => found.extend(loss::of(case, act)),
    }
    found
}

fn of_clause(case: &Case<'_>, table: &str, clause: &Clause) -> Option<Trip> {
    match clause {
        Clause::DropColumn { column } => loss::column(case, table, column),
        Clause::RenameColumn { from, to } => names::column(case, table, from, to),
        Clause::Redefine { column, to, .. } if column != to => names::column(case, table, column, to),
        Clause::RenameTo { to } => names::table(case, table, to),
        Clause::AddColumn { column, definition } => required::of(case, table, column, definition),
        _ => None,
    }
}
