//! What is wrong with a text.

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

impl SqlError {
    /// An error on a line.
    pub(super) fn on(line: u32, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { line, message: message.into(), remedy: remedy.into() }
    }
}
