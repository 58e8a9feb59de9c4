//! MariaDB and MySQL: what copies a table, what builds it anew, and what others cannot do meanwhile.
//!
//! Sources: MariaDB manual, "`InnoDB` Online DDL Operations with the …"; MySQL manual, "Online DDL Operations". What the
//! servers themselves answer to `ALGORITHM` and `LOCK` is held by `tests/it/risk/mariadb_pairs.rs`, and what either answers in its own way by
//! `tests/it/risk/mysql_pairs.rs`.

mod column;
mod constraint;
mod cost;
mod kinds;
mod letters;
mod newer;
mod redefine;
mod statement;
mod table;

use super::{Case, Trip};
use crate::sql::{Act, Clause};

pub use newer::NEWER;

/// What a statement risks on MariaDB and MySQL.
pub fn trips(case: &Case<'_>) -> Vec<Trip> {
    let mut found: Vec<Trip> = statement::not_atomic(case).into_iter().collect();
    match case.act {
        Act::AlterTable { table, .. } if case.scene.is_idle(table) => {}
        Act::AlterTable { table, clauses, .. } => {
            found.extend(clauses.iter().flat_map(|clause| of_clause(case, table, clauses, clause)));
            found.extend(statement::no_algorithm(case, table));
        }
        Act::CreateIndex { table, kind: Some(kind), .. } => found.extend(constraint::index(case, table, kind)),
        Act::Other(words) => found.extend(table::optimized(case, words)),
        _ => {}
    }
    found
}

fn of_clause(case: &Case<'_>, table: &str, all: &[Clause], clause: &Clause) -> Vec<Trip> {
    match clause {
        Clause::Redefine { column, definition, .. } => redefine::of(case, table, column, definition),
        Clause::AddColumn { column, definition } => {
            column::added(case, table, all, column, definition).into_iter().collect()
        }
        Clause::DropColumn { column } => column::dropped(case, table, all, column).into_iter().collect(),
        Clause::AddConstraint { definition, .. } => constraint::added(case, table, definition).into_iter().collect(),
        Clause::Other(words) => table::of(case, table, all, words).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The word of a server for itself that is not the other's.
const MARIADB: &str = "MariaDB";

/// Whether MariaDB answers, as it does where nobody asked.
fn is_mariadb(case: &Case<'_>) -> bool {
    case.scene.server().is_none_or(|server| server.product == MARIADB)
}
