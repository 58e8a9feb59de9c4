//! Columns that come and go.

use super::{cost, is_mariadb};
use crate::{
    model::{risk::Rule, schema::Table},
    plan::risk::{Case, Trip},
    sql::{Clause, Words},
};

/// Since when MySQL adds a last column without touching a row (MySQL manual, "Online DDL Operations").
const MYSQL_INSTANT_LAST: (u32, u32, u32) = (8, 0, 12);
/// Since when it adds any, and drops any.
const MYSQL_INSTANT: (u32, u32, u32) = (8, 0, 29);

/// What MariaDB cannot work out once for all rows.
const ROW_BY_ROW: [&str; 6] = ["uuid", "uuid_v4", "uuid_v7", "uuid_short", "sys_guid", "random_bytes"];

/// What a new column costs.
pub fn added(case: &Case<'_>, table: &str, all: &[Clause], column: &str, definition: &Words) -> Option<Trip> {
    if definition.has_any(&["stored", "persistent"]) {
        let what = format!("the stored column {table}.{column}");
        return Some(cost::copies(case, Rule::ColumnCopies, table, &what));
    }
    if definition.has_any(&["auto_increment"]) {
        return Some(cost::shuts(case, Rule::ColumnCopies, table, &format!("the numbered column {column}")));
    }
    if definition.has_outside(&["as"]) {
        return None;
    }
    if is_computed(case, table, definition) {
        let what = format!("the expression that {table}.{column} has as DEFAULT");
        return Some(cost::copies(case, Rule::ColumnCopies, table, &what));
    }
    if !is_mariadb(case) && definition.has(&["check", "("]) && !definition.has(&["not", "enforced"]) {
        let what = format!("the CHECK of the new column {column}");
        return Some(cost::copies(case, Rule::CheckCopies, table, &what));
    }
    let is_last = !definition.has_outside(&["first"]) && !definition.has_outside(&["after"]);
    if is_mariadb(case) && !is_last && case.scene.table(table).is_some_and(has_virtual) {
        let what = format!("the new column {column}, before others of a table with virtual columns,");
        return Some(cost::copies(case, Rule::ColumnCopies, table, &what));
    }
    let what = format!("the new column {column}");
    if definition.has_any(&["unique", "primary"]) {
        return Some(cost::rebuilds(case, table, &format!("{what} with an index of its own")));
    }
    let since = if is_last { MYSQL_INSTANT_LAST } else { MYSQL_INSTANT };
    anew(case, table, all, since, &what)
}

/// What it costs that a column goes.
pub fn dropped(case: &Case<'_>, table: &str, all: &[Clause], column: &str) -> Option<Trip> {
    let known = case.scene.column(table, column);
    if known.is_some_and(|known| known.extra.to_lowercase().starts_with("virtual")) {
        return None;
    }
    anew(case, table, all, MYSQL_INSTANT, &format!("dropping the column {column}"))
}

/// Where the definition alone does not do.
fn anew(case: &Case<'_>, table: &str, all: &[Clause], since: (u32, u32, u32), what: &str) -> Option<Trip> {
    let is_index = |clause: &Clause| matches!(clause, Clause::AddConstraint { definition, .. } if !is_said(definition));
    let asks_for_it = ["=", ""].iter().any(|sign| {
        let words: Vec<&str> = ["algorithm", sign, "inplace"].into_iter().filter(|word| !word.is_empty()).collect();
        case.words.has(&words)
    });
    let why = match case.scene.table(table) {
        _ if !is_mariadb(case) && !case.scene.is_at_least(since) => "",
        _ if all.iter().any(is_index) => " in one statement with an index",
        Some(known) if known.options.to_lowercase().contains("row_format=compressed") => " of a compressed table",
        Some(known) if cost::has_fulltext(known) => "",
        _ if !is_mariadb(case) && asks_for_it => " with ALGORITHM=INPLACE, where ALGORITHM=INSTANT would do,",
        _ => return None,
    };
    Some(cost::rebuilds(case, table, &format!("{what}{why}")))
}

/// Whether a constraint is no index: it has its own rule.
fn is_said(definition: &Words) -> bool {
    ["check", "foreign", "primary"].contains(&definition.nth(0).unwrap_or_default().as_str())
}

/// Whether each row is asked for its own DEFAULT. MySQL asks for any expression.
fn is_computed(case: &Case<'_>, table: &str, definition: &Words) -> bool {
    let mut words = definition.clone();
    let _ = words.up_to(&["default"]);
    if !words.take("default") {
        return false;
    }
    if !is_mariadb(case) {
        return words.group().is_some();
    }
    let expression = words.group().unwrap_or_else(|| words.until(&["comment", "check"]));
    let is_column = |name: String| case.scene.column(table, &name).is_some();
    expression.called().iter().any(|name| ROW_BY_ROW.contains(&name.as_str())) || expression.names().any(is_column)
}

fn has_virtual(table: &Table) -> bool {
    table.columns.iter().any(|column| column.extra.to_lowercase().starts_with("virtual"))
}
