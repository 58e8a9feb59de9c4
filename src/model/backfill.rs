//! A change of many rows that is made in batches, as the catalog tells it.

use std::sync::Arc;

/// A backfill: one statement over a table, which is cut into ranges of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// The file, relative to the catalog's root.
    pub file: Arc<str>,
    /// The line of the file on which the statement begins; the first is 1.
    pub line: u32,
    /// The statement as the file has it.
    pub sql: String,
    /// The same, cut at what stands for the range.
    pub parts: Vec<Part>,
    /// The table, as the database calls it; with its schema where it is not the connection's own.
    pub table: String,
    /// The columns of the key, in order; empty for the primary key.
    pub key: Vec<String>,
    /// Rows of the first batch, when told; the ones after it are as large as their time allows.
    pub batch: Option<u64>,
}

/// A piece of a backfill's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// `> :after`: behind the lower end of the range.
    After,
    /// `<= :upto`: up to its upper end.
    Upto,
    /// `:range`: the whole condition; the columns are those of this table or alias where one is told (`o.:range`).
    Range(Option<String>),
}

impl Backfill {
    /// Where its statement stands: `file:line`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Its key for a person: `key a, b`.
    #[must_use]
    pub fn key_in_words(&self) -> String {
        match self.key.as_slice() {
            [] => "its primary key".to_owned(),
            columns => format!("the key {}", columns.join(", ")),
        }
    }

    /// Whether its statement works with a key of one column only.
    #[must_use]
    pub fn needs_one_column(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::After | Part::Upto))
    }
}
