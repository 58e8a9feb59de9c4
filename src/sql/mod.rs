//! Statements, dialects and checksums: text in, text out, no I/O.

mod dialect;

pub use dialect::Dialect;

use crate::model::{checksum::Checksum, migration::Statement};

/// A text that cannot be cut into statements, or must not be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SqlError {
    /// The line of the text; the first is 1.
    pub line: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Cuts a script into its statements, each with its line and kind.
///
/// # Errors
/// An unterminated quote, comment or body; a client command (`\copy`, `source`, `.read`) by its name.
pub fn split(dialect: Dialect, text: &str) -> Result<Vec<Statement>, SqlError> {
    let _ = (dialect, text);
    unimplemented!()
}

/// The checksum over the texts of a migration's forward scripts, in order.
///
/// # Errors
/// As [`split`].
pub fn checksum(dialect: Dialect, texts: &[&str]) -> Result<Checksum, SqlError> {
    let _ = (dialect, texts);
    unimplemented!()
}

/// The identifiers a statement names, unquoted, each once, in order: what a schema look-up can be narrowed to.
#[must_use]
pub fn names(dialect: Dialect, statement: &str) -> Vec<String> {
    let _ = (dialect, statement);
    unimplemented!()
}
