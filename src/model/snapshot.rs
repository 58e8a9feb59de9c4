//! A restorable copy, as its manifest tells it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use utoipa::ToSchema;

use super::history::Applied;

/// A snapshot's name: a ULID, and nothing else is ever looked up as a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD")]
pub struct SnapshotId(pub Ulid);

impl SnapshotId {
    /// A name of its own.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Ulid::generate())
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SnapshotId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What is in a table: how many rows, and a hash of all of them in no order.
///
/// Each row is written as bytes that tell every two different rows apart (column by column, without generated columns; a
/// NULL is not an empty text), each of those has a SHA-256, and the first 16 bytes of these, as numbers, are added up modulo
/// 2^128. It finds what happens by accident (a row lost, doubled or changed), not what somebody means to do: equal hashes
/// can be made. The hashes of the payload and the authentication of the manifest are for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableDigest {
    /// The number of rows.
    pub rows: u64,
    /// The hash, as 32 hexadecimal digits. To be compared with one of the same engine only.
    pub hash: String,
}

impl fmt::Display for TableDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of hash {}", self.rows, self.hash)
    }
}

/// What is in a snapshot, and how to open it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// Its name.
    pub id: SnapshotId,
    /// The layout of this document; 1.
    pub format: u32,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// Who asked for it.
    pub created_by: String,
    /// For a person.
    pub message: Option<String>,
    /// To find it by.
    pub tags: Vec<String>,
    /// For a person, longer.
    pub notes: Option<String>,
    /// The target's name.
    pub target: String,
    /// The engine's word for itself.
    pub engine: String,
    /// The server's version.
    pub server_version: String,
    /// The tool that made the payload, with its version.
    pub tool: String,
    /// The application's version.
    #[schema(value_type = String)]
    pub backend_version: Version,
    /// The database's version; `null` when nothing was applied.
    #[schema(value_type = Option<String>)]
    pub db_version: Option<Version>,
    /// What was applied.
    pub history: Vec<Applied>,
    /// The schema's fingerprint.
    pub schema_fingerprint: String,
    /// What is in each table, at exactly the moment that the dump shows. A table that is not here was not looked at: its rows
    /// are another server's or another table's.
    pub tables: BTreeMap<String, TableDigest>,
    /// The payload's file name, beside this document.
    pub payload: String,
    /// The payload's size.
    pub payload_bytes: u64,
    /// SHA-256 of the payload as it lies there.
    pub payload_sha256: String,
    /// SHA-256 of the native dump inside.
    pub dump_sha256: String,
    /// The native dump's size.
    pub dump_bytes: u64,
    /// The commands that open it without windlass.
    pub open_by_hand: String,
}

impl Manifest {
    /// What differs first between this and a copy; `None` when nothing does. Tables that this does not speak of are not compared.
    #[must_use]
    pub fn difference(&self, fingerprint: &str, tables: &BTreeMap<String, TableDigest>) -> Option<String> {
        if fingerprint != self.schema_fingerprint {
            return Some(format!("the schema's fingerprint is {fingerprint}, not {}", self.schema_fingerprint));
        }
        let (table, told) = self.tables.iter().find(|(table, told)| tables.get(*table) != Some(*told))?;
        Some(match tables.get(table) {
            None => format!("table {table} is not there, and has {told} in the manifest"),
            Some(found) => format!("table {table} has {found}, and {told} in the manifest"),
        })
    }
}
