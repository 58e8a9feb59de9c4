//! What is called otherwise from then on.

use super::loss::takes_name;
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::Act,
};

/// A table that was there before the run gets another name, and nothing takes its old one.
pub fn table(case: &Case<'_>, from: &str, to: &str) -> Option<Trip> {
    case.scene.table(from)?;
    let makes = |act: &Act| matches!(act, Act::CreateTable { table, .. } if table == from);
    let is_replaced = takes_name(case.act, from) || case.behind().iter().any(|act| takes_name(act, from) || makes(act));
    if is_replaced {
        return None;
    }
    let message = format!(
        "table {from} is called {to} from then on: every statement of a running application that says {from} fails"
    );
    let remedy = format!(
        "in one release rename it and CREATE VIEW {from} AS SELECT * FROM {to}; drop the view once no application \
         says {from}"
    );
    Some(Trip::new(Rule::RenameTable, message, remedy))
}

/// A column that was there before the run gets another name.
pub fn column(case: &Case<'_>, table: &str, from: &str, to: &str) -> Option<Trip> {
    case.scene.table(table)?;
    if case.scene.is_added(table, from) {
        return None;
    }
    let message = format!(
        "column {table}.{from} is called {to} from then on: every statement of a running application that says {from} \
         fails"
    );
    let remedy = format!(
        "add {to} beside it, write both, fill {to} by backfill.sql, and drop {from} in a later release; or read \
         through a view"
    );
    Some(Trip::new(Rule::RenameColumn, message, remedy))
}
