//! PostgreSQL: which lock a statement takes, for how long, and how it is done without.

mod column;
mod constraint;
mod index;
mod kinds;
mod lock;
mod newer;
mod partition;
mod session;
mod together;
mod whole;

use self::lock::Lock;
use super::{Case, Trip};
use crate::sql::{Act, Clause};

pub use newer::NEWER;

/// What a statement risks on PostgreSQL.
pub fn trips(case: &Case<'_>) -> Vec<Trip> {
    let mut found: Vec<Trip> = match case.act {
        Act::CreateIndex { .. } => index::created(case).into_iter().collect(),
        Act::DropIndex { .. } => index::dropped(case),
        Act::AlterTable { table, clauses, .. } => {
            clauses.iter().flat_map(|clause| of_clause(case, table, clause)).collect()
        }
        Act::CreateTable { body, .. } => column::created(body).into_iter().collect(),
        Act::Truncate { .. } => whole::truncated(case).into_iter().collect(),
        Act::Other(words) => whole::of(case, words).into_iter().chain(session::of(case, words)).collect(),
        _ => Vec::new(),
    };
    found.extend(together::of(case));
    found
}

fn of_clause(case: &Case<'_>, table: &str, clause: &Clause) -> Vec<Trip> {
    match clause {
        Clause::AddColumn { column, definition } => column::added(case, table, column, definition),
        Clause::AlterColumn { column, change } => column::altered(case, table, column, change),
        Clause::AddConstraint { definition, .. } => constraint::added(case, table, definition).into_iter().collect(),
        Clause::Other(words) => {
            let of_constraint = constraint::validated(case, table, words).into_iter();
            let of_partition = partition::of(case, table, words).into_iter();
            of_constraint.chain(of_partition).chain(whole::stored(case, table, words)).collect()
        }
        _ => Vec::new(),
    }
}
