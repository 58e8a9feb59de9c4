//! Columns that are defined anew.

use super::{
    cost, is_mariadb,
    kinds::{self, JSON, Kind},
    letters::Letters,
};
use crate::{
    model::{risk::Rule, schema::Column},
    plan::risk::{Case, Trip},
    sql::Words,
};

/// What `MODIFY` and `CHANGE` cost.
pub fn of(case: &Case<'_>, table: &str, column: &str, definition: &Words) -> Vec<Trip> {
    let mut words = definition.clone();
    let Some(new) = kinds::read(&mut words) else { return Vec::new() };
    if case.scene.is_added(table, column) {
        return Vec::new();
    }
    let known = case.scene.column(table, column);
    let old = known.and_then(|own| kind_of(case, table, own));
    let mut found: Vec<Trip> =
        changed(case, table, column, known.zip(old.as_ref()), &new, &words).into_iter().collect();
    if let Some(old) = old.filter(|old| kinds::narrows(old, &new)) {
        let message = format!(
            "{table}.{column} becomes {new} from {old}: a value that does not fit has the statement fail in a strict \
             sql_mode, and is cut without a word in another"
        );
        let remedy = format!(
            "look first for values of {column} that do not fit {new}, put them right by backfill.sql, and keep \
             sql_mode strict"
        );
        found.push(Trip::new(Rule::NarrowingType, message, remedy));
    }
    found
}

/// The type of a column. MariaDB's JSON is a text with a check of its own (MariaDB manual, JSON Data Type).
fn kind_of(case: &Case<'_>, table: &str, column: &Column) -> Option<Kind> {
    let mut kind = kinds::of_text(&column.data_type)?;
    let holds = format!("json_valid(`{}`)", column.name);
    if case.scene.table(table).is_some_and(|table| table.constraints.values().any(|words| words.contains(&holds))) {
        JSON.clone_into(&mut kind.name);
    }
    Some(kind)
}

fn changed(
    case: &Case<'_>,
    table: &str,
    column: &str,
    old: Option<(&Column, &Kind)>,
    new: &Kind,
    rest: &Words,
) -> Option<Trip> {
    let Some((known, old)) = old else {
        let what = format!("changing {table}.{column} to {new} (its present type is not known)");
        return Some(cost::copies(case, Rule::TypeCopies, table, &what));
    };
    let letters = Letters::of(case, table, known, rest);
    if letters.copies {
        let what = format!("another character set or collation for {table}.{column}");
        return Some(cost::copies(case, Rule::CharsetCopies, table, &what));
    }
    if !kinds::only_widens(old, new, letters.bytes, is_mariadb(case)) {
        let what = if old == new { "more room for each letter of" } else { "changing" };
        let what = format!("{what} {table}.{column} from {old} to {new}");
        return Some(cost::copies(case, Rule::TypeCopies, table, &what));
    }
    let is_nullable = !rest.has(&["not", "null"]) && !rest.has(&["primary", "key"]);
    if is_nullable != known.nullable {
        let word = if is_nullable { "NULL" } else { "NOT NULL" };
        return Some(cost::rebuilds(case, table, &format!("{word} for {table}.{column}")));
    }
    let moves = rest.has_any(&["first", "after"]) && !is_mariadb(case);
    moves.then(|| cost::rebuilds(case, table, &format!("another place for {table}.{column}")))
}
