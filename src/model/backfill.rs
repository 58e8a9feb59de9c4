//! A change of many rows that is made in batches, as the catalog tells it.

use std::sync::Arc;

/// The most rows a batch may have.
pub const BATCH_ROWS_MAX: u64 = 1_000_000;

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

/// A unique key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    pub is_primary: bool,
    /// The column, with its type, whose values cannot be cut into ranges.
    pub unfit: Option<String>,
}

/// The unique keys of tables, by the names that backfills call them; `None` for a table that is not there.
pub type TableKeys = std::collections::BTreeMap<String, Option<Vec<TableKey>>>;

/// Why a backfill cannot cut its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoKey {
    /// What is missing.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Backfill {
    /// Which of the keys of its table it goes by.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn choose(&self, keys: Option<&[TableKey]>) -> Result<usize, NoKey> {
        let table = &self.table;
        let no = |message: String, remedy: &str| Err(NoKey { message, remedy: remedy.to_owned() });
        let Some(keys) = keys else {
            let message = format!("there is no table {table}");
            return no(
                message,
                "write the table's name as the database has it, with its schema where it is not the default",
            );
        };
        let is_meant = |key: &TableKey| if self.key.is_empty() { key.is_primary } else { key.columns == self.key };
        let Some(found) = keys.iter().position(is_meant) else {
            let wanted = if self.key.is_empty() {
                "primary key".to_owned()
            } else {
                format!("unique key {}", self.key.join(","))
            };
            let message = format!(
                "the table {table} has no {wanted} whose columns are never NULL, so it cannot be cut into batches"
            );
            return no(message, &others(keys));
        };
        let key = &keys[found];
        if let Some(unfit) = &key.unfit {
            let message = format!("the table {table} cannot be cut into batches by {unfit}");
            return no(message, &others(keys));
        }
        if self.needs_one_column() && key.columns.len() > 1 {
            let message = format!(
                "`:after` and `:upto` are for a key of one column; that of {table} is {}",
                key.columns.join(", ")
            );
            return no(message, "write `:range` in their place, or `o.:range` where the table is called `o`");
        }
        Ok(found)
    }
}

/// What to do for want of a key.
fn others(keys: &[TableKey]) -> String {
    let usable: Vec<String> =
        keys.iter().filter(|key| key.unfit.is_none()).map(|key| format!("key={}", key.columns.join(","))).collect();
    match usable.as_slice() {
        [] => "give it a primary key in up.sql, or put the statement into up.sql".to_owned(),
        usable => format!("cut it by another of its keys: {}", usable.join(" or ")),
    }
}
