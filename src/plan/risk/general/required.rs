//! A new column that must hold something, of which the rows there are have nothing.

use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::{Dialect, Words},
};

/// What fills a column by itself.
const FILLS: [&str; 8] =
    ["default", "generated", "as", "serial", "bigserial", "smallserial", "auto_increment", "serial8"];

/// What becomes of the rows there are (PostgreSQL manual, ALTER TABLE; MariaDB manual, "NULL Values in MariaDB"; SQLite
/// documentation, ALTER TABLE).
pub fn of(case: &Case<'_>, table: &str, column: &str, definition: &Words) -> Option<Trip> {
    let is_required = definition.has_outside(&["not", "null"]) || definition.has_outside(&["primary", "key"]);
    if !is_required || definition.has_any(&FILLS) || case.scene.is_idle(table) {
        return None;
    }
    let becomes = match case.scene.facts.site.dialect {
        Dialect::Postgres | Dialect::Sqlite => "the statement fails as soon as the table holds a row",
        Dialect::MySql => "every row there is gets an empty value that nobody chose (0, '', '0000-00-00')",
    };
    let message = format!("column {table}.{column} is NOT NULL and has no default: {becomes}");
    let remedy = "give it a DEFAULT; or add it with NULL allowed, fill it by backfill.sql, and set NOT NULL afterwards";
    Some(Trip::new(Rule::RequiredColumn, message, remedy))
}
