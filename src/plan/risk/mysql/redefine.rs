//! Columns: defined anew, added, dropped.

use super::{
    cost, is_mariadb,
    kinds::{self, Kind},
};
use crate::{
    model::{risk::Rule, schema::Column},
    plan::risk::{Case, Trip},
    sql::Words,
};

/// Since when MySQL adds a last column without touching a row (MySQL manual, "Online DDL Operations").
const MYSQL_INSTANT_LAST: (u32, u32, u32) = (8, 0, 12);
/// Since when it adds any, and drops any.
const MYSQL_INSTANT: (u32, u32, u32) = (8, 0, 29);

/// What `MODIFY` and `CHANGE` cost.
pub fn of(case: &Case<'_>, table: &str, column: &str, definition: &Words) -> Vec<Trip> {
    let mut words = definition.clone();
    let Some(new) = kinds::read(&mut words) else { return Vec::new() };
    if case.scene.is_added(table, column) {
        return Vec::new();
    }
    let known = case.scene.column(table, column);
    let old = known.and_then(|own| kinds::of_text(&own.data_type));
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
    let collation = known.extra.split_whitespace().find_map(|word| word.strip_prefix("collation=")).unwrap_or_default();
    if other_letters(case, collation, rest) {
        let what = format!("another character set or collation for {table}.{column}");
        return Some(cost::copies(case, Rule::CharsetCopies, table, &what));
    }
    if !kinds::only_widens(old, new, bytes_of(collation), is_mariadb(case)) {
        let what = format!("changing {table}.{column} from {old} to {new}");
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

/// Whether a column gets letters that are stored or compared otherwise. MariaDB takes utf8mb3 for utf8mb4 as it is (MariaDB
/// manual, "`InnoDB` Online DDL Operations with the INSTANT Alter Algorithm").
fn other_letters(case: &Case<'_>, collation: &str, rest: &Words) -> bool {
    let charset = collation.split('_').next().unwrap_or_default();
    let named = |word: &[&str]| {
        let mut words = rest.clone();
        let _ = words.up_to(word);
        words.take_all(word);
        words.name().map(|name| name.to_lowercase())
    };
    let wanted = named(&["character", "set"]).or_else(|| named(&["charset"]));
    let only_grows = is_mariadb(case) && charset == "utf8mb3" && wanted.as_deref() == Some("utf8mb4");
    let is_other = wanted.is_some_and(|wanted| wanted != charset && !(wanted == "utf8" && charset == "utf8mb3"));
    let compares_otherwise = named(&["collate"]).is_some_and(|wanted| wanted != collation);
    !only_grows && (is_other || compares_otherwise)
}

/// The most bytes that a character takes.
fn bytes_of(collation: &str) -> u32 {
    match collation.split('_').next().unwrap_or_default() {
        "utf8mb3" | "utf8" => 3,
        "utf8mb4" => 4,
        "ucs2" => 2,
        _ => 1,
    }
}

/// What a new column costs.
pub fn added(case: &Case<'_>, table: &str, column: &str, definition: &Words) -> Option<Trip> {
    if definition.has_any(&["stored", "persistent"]) {
        let what = format!("the stored column {table}.{column}");
        return Some(cost::copies(case, Rule::ColumnCopies, table, &what));
    }
    if definition.has_any(&["auto_increment"]) {
        return Some(cost::shuts(case, Rule::ColumnCopies, table, &format!("the numbered column {column}")));
    }
    let is_last = !definition.has_outside(&["first"]) && !definition.has_outside(&["after"]);
    let since = if is_last { MYSQL_INSTANT_LAST } else { MYSQL_INSTANT };
    (!is_mariadb(case) && !case.scene.is_at_least(since))
        .then(|| cost::rebuilds(case, table, &format!("the new column {column}")))
}

/// What it costs that a column goes, on MySQL before 8.0.29.
pub fn dropped(case: &Case<'_>, table: &str, column: &str) -> Option<Trip> {
    (!is_mariadb(case) && !case.scene.is_at_least(MYSQL_INSTANT))
        .then(|| cost::rebuilds(case, table, &format!("dropping the column {column}")))
}
