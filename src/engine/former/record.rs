//! What a tool's table tells.

use std::collections::BTreeMap;

use super::Key;
use crate::engine::{EngineError, Row};

/// What a tool's table tells.
#[derive(Debug, Default)]
pub struct Record {
    /// What is applied, each with what the tool kept of its file's bytes.
    pub applied: BTreeMap<Key, Option<String>>,
    /// Everything up to here is applied as well.
    pub up_to: Option<Key>,
    /// A number stands for all that it is the beginning of.
    pub has_parts: bool,
    /// What keeps the history from being taken over.
    pub unsound: Vec<Unsound>,
}

/// A migration that the tool began and did not end.
#[derive(Debug)]
pub struct Unsound {
    /// What the tool calls it.
    pub place: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The way on.
    pub remedy: String,
}

impl Record {
    /// Whether a migration is applied: by its own row, by that of the number it is a part of, or by one that is newer.
    #[must_use]
    pub fn holds(&self, key: &Key) -> bool {
        let is_part = self.applied.keys().any(|whole| self.is_part(key, whole));
        is_part || self.applied.contains_key(key) || self.up_to.as_ref().is_some_and(|last| key <= last)
    }

    /// Whether a migration is a part of what a row names.
    #[must_use]
    pub fn is_part(&self, key: &Key, named: &Key) -> bool {
        let (Key::Numbers(key), Key::Numbers(named)) = (key, named) else { return false };
        self.has_parts && key.len() > named.len() && key.starts_with(named)
    }

    /// Every migration that the table names.
    pub fn named(&self) -> impl Iterator<Item = &Key> {
        self.applied.keys().chain(self.up_to.as_ref())
    }

    /// The migrations of rows that each name one that is applied, in their first column.
    pub(super) fn of_names(rows: &[Row], key: fn(&str) -> Key) -> Result<Self, EngineError> {
        let mut record = Self::default();
        for row in rows {
            record.applied.insert(key(text(row, 0)?), None);
        }
        Ok(record)
    }
}

/// A column as text; nothing is an empty text.
pub(super) fn text(row: &Row, column: usize) -> Result<&str, EngineError> {
    row.text(column).map(Option::unwrap_or_default)
}

/// A truth that was asked for as text, as each engine writes it.
pub(super) fn is_true(row: &Row, column: usize) -> Result<bool, EngineError> {
    Ok(matches!(text(row, column)?, "1" | "t" | "true"))
}
