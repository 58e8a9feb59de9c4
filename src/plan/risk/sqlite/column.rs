//! Columns that `ALTER TABLE` refuses (SQLite documentation, ALTER TABLE, "ADD COLUMN" and "DROP COLUMN").

use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::{Act, Words},
};

const REBUILD: &str = "make the table anew: CREATE TABLE t_new, INSERT INTO t_new (…) SELECT … FROM t, DROP TABLE t, \
     ALTER TABLE t_new RENAME TO t, and its indexes and triggers";

/// Defaults that are another value each time.
const MOMENTS: [&str; 3] = ["current_timestamp", "current_date", "current_time"];

/// A column that cannot be added so.
pub fn added(case: &Case<'_>, table: &str, column: &str, definition: &Words) -> Option<Trip> {
    let why = if definition.has_outside(&["primary", "key"]) {
        "a PRIMARY KEY cannot be added"
    } else if definition.has_outside(&["unique"]) {
        "a UNIQUE column cannot be added"
    } else if definition.has_outside(&["stored"]) {
        "a STORED column cannot be added"
    } else if !case.scene.is_idle(table) && has_moving_default(definition) {
        "to a table with rows, a default that is no constant cannot be added"
    } else {
        return None;
    };
    let message = format!("{why}: the server refuses {table}.{column}");
    let remedy = match why {
        "a UNIQUE column cannot be added" => {
            format!("add it without UNIQUE, then CREATE UNIQUE INDEX … ON {table} ({column})")
        }
        _ => format!("add it without that and fill it by backfill.sql; or {REBUILD}"),
    };
    Some(Trip::new(Rule::CannotAddColumn, message, remedy))
}

/// Whether a default is an expression, or the present moment.
fn has_moving_default(definition: &Words) -> bool {
    let mut words = definition.clone();
    let _ = words.up_to(&["default"]);
    if !words.take("default") {
        return false;
    }
    if words.take_any(&MOMENTS).is_some() {
        return true;
    }
    let Some(mut inner) = words.group() else { return false };
    while let Some(deeper) = inner.group() {
        inner = deeper;
    }
    let _ = inner.take_any(&["+", "-"]);
    let is_constant = inner.literal().is_some() || inner.next_word().is_some_and(|word| is_constant(&word));
    !(is_constant && inner.is_at_end())
}

fn is_constant(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || ["null", "true", "false"].contains(&word)
}

/// A column that cannot be dropped while a key or an index uses it.
pub fn dropped(case: &Case<'_>, table: &str, column: &str) -> Option<Trip> {
    let known = case.scene.table(table)?;
    let is_gone = |name: &str| {
        let drops =
            |act: &Act| matches!(act, Act::DropIndex { indexes, .. } if indexes.iter().any(|index| index == name));
        case.before().iter().any(drops)
    };
    let names_it =
        |words: &str| Words::of_newest(case.scene.facts.site.dialect, words).names().any(|name| name == column);
    let of_index = known.indexes.iter().find(|(name, words)| !is_gone(&name.to_lowercase()) && names_it(words));
    let of_constraint = || known.constraints.iter().find(|(_, words)| names_it(words));
    let (user, _) = of_index.or_else(of_constraint)?;
    let message = format!("{user} uses {table}.{column}: the server refuses to drop the column");
    let remedy = format!("DROP INDEX first where it is an index; a key or a constraint takes more: {REBUILD}");
    Some(Trip::new(Rule::CannotDropColumn, message, remedy))
}
