//! Statements, dialects and checksums.

mod bodies;
mod checksums;
mod clients;
mod corpus;
mod effects;
mod kinds;
mod moves;
mod named;
mod outward;
mod properties;
mod refused;
mod servers;
mod stepwise;

use windlass::sql::{Dialect, SqlError, split};

/// The texts of a script's statements.
fn cut(dialect: Dialect, text: &str) -> Vec<String> {
    match split(dialect, text) {
        Ok(statements) => statements.into_iter().map(|statement| statement.sql).collect(),
        Err(error) => panic!("{error} ({}) in {text:?}", error.remedy),
    }
}

/// The error that a script must give.
fn error(dialect: Dialect, text: &str) -> SqlError {
    match split(dialect, text) {
        Ok(statements) => panic!("{text:?} was cut into {statements:?}"),
        Err(error) => error,
    }
}
