//! What a run or a rollback would take away that is stored, counted before it happens.

use std::{
    fmt::{self, Write},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Whether a loss wants a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossPolicy {
    /// An order that would lose something needs the digest of the list of it.
    #[default]
    Digest,
    /// Nothing is asked; the report has the list.
    Accept,
}

/// How something stored goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Going {
    /// Its table is dropped: counted are rows.
    TableDropped,
    /// Its table is emptied: counted are rows.
    TableEmptied,
    /// Its column is dropped: counted are values that are not NULL.
    ColumnDropped,
    /// Its partition is dropped or emptied: counted are rows.
    PartitionEmptied,
    /// Its table has more rows than the snapshot that takes its place: counted are the rows that are more.
    RowsSinceSnapshot,
}

/// Something that would go, before anybody has counted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanishing {
    /// The schema of its table, where one has to be named.
    pub schema: Option<String>,
    /// Its table's own name in the target.
    pub table: String,
    /// The column; `None` for rows.
    pub column: Option<String>,
    /// The partition that its rows are in; `None` for those of the whole table.
    pub partition: Option<String>,
    /// How it goes.
    pub what: Going,
    /// The statement: file and line.
    pub place: String,
}

impl Vanishing {
    /// The same, counted.
    #[must_use]
    pub fn counted(self, count: u64) -> LossItem {
        let table = match self.schema {
            Some(schema) => format!("{schema}.{}", self.table),
            None => self.table,
        };
        LossItem { table, column: self.column, partition: self.partition, count, what: self.what, place: self.place }
    }
}

/// Something that would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LossItem {
    /// The table, as it is called now; with its schema where that is not the connection's own.
    pub table: String,
    /// The column; `null` for rows.
    pub column: Option<String>,
    /// The partition that its rows are in; absent for those of the whole table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// How many rows, or values that are not NULL.
    pub count: u64,
    /// How it goes.
    pub what: Going,
    /// The statement that takes it away, as file and line; or the snapshot that takes the database's place.
    pub place: String,
}

impl LossItem {
    /// The table, and the partition where only that is meant.
    #[must_use]
    pub fn rows_of(&self) -> String {
        match &self.partition {
            Some(partition) => format!("{}, partition {partition}", self.table),
            None => self.table.clone(),
        }
    }
}

impl fmt::Display for LossItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, count, place, .. } = self;
        let s = if *count == 1 { "" } else { "s" };
        match (&self.column, self.what) {
            (Some(column), _) => write!(f, "{count} value{s} of {table}.{column} ({place})"),
            (None, Going::RowsSinceSnapshot) => write!(f, "{count} row{s} of {table} that {place} does not have"),
            (None, _) => write!(f, "{count} row{s} of {} ({place})", self.rows_of()),
        }
    }
}

/// All that would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Loss {
    /// In the order in which it would happen.
    pub items: Vec<LossItem>,
    /// The digest of the list: whoever gives it has seen the list.
    #[schema(value_type = String)]
    pub digest: LossDigest,
}

/// So many items are told in one sentence.
const TOLD_MAX: usize = 12;

impl Loss {
    /// The list with its digest.
    #[must_use]
    pub fn of(items: Vec<LossItem>) -> Self {
        let digest = LossDigest::of(&items);
        Self { items, digest }
    }

    /// Whether nothing that is there would go.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.items.iter().all(|item| item.count == 0)
    }

    /// Whether it may happen by this policy, for somebody who gave this digest.
    #[must_use]
    pub fn is_accepted(&self, policy: LossPolicy, given: Option<&LossDigest>) -> bool {
        policy == LossPolicy::Accept || self.is_nothing() || given == Some(&self.digest)
    }

    /// Why it may not happen, in words for whoever gave this digest, or none.
    #[must_use]
    pub fn refusal(&self, given: Option<&LossDigest>) -> String {
        let why = match given {
            Some(given) => format!("the loss that was accepted, {given}, is not what would be lost now"),
            None => "something would be lost, and nobody has accepted that".to_owned(),
        };
        format!("{why}: {self}")
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there: Vec<&LossItem> = self.items.iter().filter(|item| item.count > 0).collect();
        let mut told = there.iter().take(TOLD_MAX).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if there.len() > TOLD_MAX {
            let _ = write!(told, ", and {} more", there.len() - TOLD_MAX);
        }
        write!(f, "{told}; its digest is {}", self.digest)
    }
}

/// The digest of a list of what would be lost: 32 hexadecimal digits of a SHA-256 over every table, column, partition, count and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LossDigest(String);

impl LossDigest {
    /// Its digits.
    const DIGITS: usize = 32;

    fn of(items: &[LossItem]) -> Self {
        let mut hash = Sha256::new_with_prefix("loss");
        for LossItem { table, column, partition, count, what, place } in items {
            // The debug form quotes texts and keeps parts apart.
            hash.update(format!("\n{:?}", (table, column, count, what, place)));
            if let Some(partition) = partition {
                hash.update(format!(" {partition:?}"));
            }
        }
        let bytes = hash.finalize();
        Self(bytes.iter().take(Self::DIGITS / 2).fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        }))
    }
}

impl fmt::Display for LossDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<LossDigest> for String {
    fn from(digest: LossDigest) -> Self {
        digest.0
    }
}

/// A text that is no digest of a loss.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest of a loss: windlass plan and windlass down --dry-run print one, 32 hexadecimal digits")]
pub struct LossDigestError(String);

impl FromStr for LossDigest {
    type Err = LossDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == Self::DIGITS && text.bytes().all(is_digit) {
            return Ok(Self(text.to_owned()));
        }
        Err(LossDigestError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for LossDigest {
    type Error = LossDigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
