//! What goes and does not come back: tables, columns, rows.

use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::Act,
};

const KEEP: &str =
    "first release an application that no longer uses it, and make sure of a snapshot or an export; then drop it";

/// What a statement other than `ALTER TABLE` takes away for good.
pub fn of(case: &Case<'_>, act: &Act) -> Vec<Trip> {
    match act {
        Act::DropTables { tables } => tables.iter().filter_map(|table| dropped(case, table)).collect(),
        Act::DropWhole { kind, name } => vec![Trip::new(
            Rule::DropDatabase,
            format!("the whole {kind} {name} goes, with all that is in it; no down script brings its rows back"),
            "drop what it holds table by table, with a snapshot under the run",
        )],
        Act::Truncate { tables, .. } => tables.iter().filter_map(|table| truncated(case, table)).collect(),
        Act::Delete { table, is_bounded: false, .. } => deleted(case, table).into_iter().collect(),
        Act::Update { table, is_bounded: false, .. } => updated(case, table).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A table that was there before the run goes, and nothing takes its place.
fn dropped(case: &Case<'_>, table: &str) -> Option<Trip> {
    case.scene.table(table)?;
    if case.behind().iter().any(|act| takes_name(act, table)) {
        return None;
    }
    let message = format!(
        "table {table}{} goes with its rows, and no down script brings them back; an application that still uses it \
         fails",
        case.scene.sized(table)
    );
    Some(Trip::new(Rule::DropTable, message, KEEP))
}

/// Whether a statement calls another table so: that is how a table is made anew.
pub fn takes_name(act: &Act, table: &str) -> bool {
    use crate::sql::Clause::RenameTo;
    match act {
        Act::RenameTables(pairs) => pairs.iter().any(|(_, to)| to == table),
        Act::AlterTable { clauses, .. } => {
            clauses.iter().any(|clause| matches!(clause, RenameTo { to } if to == table))
        }
        _ => false,
    }
}

/// A column that was there before the run goes.
pub fn column(case: &Case<'_>, table: &str, column: &str) -> Option<Trip> {
    case.scene.table(table)?;
    if case.scene.is_added(table, column) {
        return None;
    }
    let message = format!(
        "column {table}.{column} goes with its values{}, and no down script brings them back; an application that \
         still uses it fails",
        case.scene.sized(table)
    );
    Some(Trip::new(Rule::DropColumn, message, KEEP))
}

fn truncated(case: &Case<'_>, table: &str) -> Option<Trip> {
    case.scene.table(table).filter(|_| !case.scene.is_idle(table))?;
    let message =
        format!("all rows of {table}{} go at once, and no down script brings them back", case.scene.sized(table));
    let remedy = "keep the rows aside first (a snapshot, an export, a copy of the table), or remove those that are \
         not needed in batches";
    Some(Trip::new(Rule::Truncate, message, remedy))
}

fn deleted(case: &Case<'_>, table: &str) -> Option<Trip> {
    case.scene.table(table).filter(|_| !case.scene.is_idle(table))?;
    let message = format!(
        "DELETE without WHERE: all rows of {table}{} go, each locked until the transaction ends{}",
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = "say which rows with WHERE, and put a large number of them into backfill.sql, which works in batches";
    Some(Trip::new(Rule::DeleteWithoutWhere, message, remedy))
}

fn updated(case: &Case<'_>, table: &str) -> Option<Trip> {
    case.scene.table(table).filter(|_| !case.scene.is_idle(table))?;
    let message = format!(
        "UPDATE without WHERE: every row of {table}{} is changed and locked until the transaction ends{}",
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = format!(
        "put it into backfill.sql, which works in batches: -- windlass:backfill table={table}, then UPDATE {table} \
         SET … WHERE :range"
    );
    Some(Trip::new(Rule::UpdateWithoutWhere, message, remedy))
}
