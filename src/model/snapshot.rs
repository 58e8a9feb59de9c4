//! A restorable copy, as its manifest tells it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use utoipa::ToSchema;

use super::{finding::Finding, history::Applied};

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

/// How a payload is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// age-encryption.org/v1.
    #[default]
    Age,
    /// Not at all: who has the file reads it.
    None,
}

/// How a snapshot is sealed, and with whose key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Encryption {
    /// `age`, or `none`: then whoever has the payload reads it.
    pub scheme: Scheme,
    /// The key that the manifest is authenticated with, and the payload can be opened with: the public half of an age
    /// identity (`age1…`), or `passphrase:` and a fingerprint.
    pub key_id: String,
    /// The public halves of all age identities that open the payload; empty with a passphrase, and without encryption.
    pub recipients: Vec<String>,
}

/// How a key's name begins that was made of a passphrase.
pub const PASSPHRASE: &str = "passphrase";

impl Encryption {
    /// The command that writes what is in the file `payload` to its standard output. An identity lies in a file
    /// `snapshot.key`; a passphrase is asked for.
    #[must_use]
    pub fn by_hand(&self, payload: &str) -> String {
        match self.scheme {
            Scheme::None => format!("zstd -dc {payload}"),
            Scheme::Age if self.key_id.starts_with(PASSPHRASE) => format!("age -d {payload} | zstd -dc"),
            Scheme::Age => format!("age -d -i snapshot.key {payload} | zstd -dc"),
        }
    }
}

/// Where a commit was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitSource {
    /// The variable `WINDLASS_COMMIT`.
    Variable,
    /// The work tree `snapshots.work_tree`, or the one that the catalog lies in.
    WorkTree,
}

/// The state of the application's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// Its name.
    pub id: String,
    /// Who wrote it: name and address.
    pub author: Option<String>,
    /// The first line of what they said.
    pub message: Option<String>,
    /// When.
    pub committed_at: Option<DateTime<Utc>>,
    /// Whether files under version control differ from it; `null` when nobody looked.
    pub dirty: Option<bool>,
    /// The name of its tree of files.
    pub tree: Option<String>,
    /// Where this was learned from.
    pub source: CommitSource,
}

/// What the parts of the system were, each by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checksums {
    /// `git-tree:` and the name of the commit's tree.
    pub code: Option<String>,
    /// `sha256:` of the native dump.
    pub database: String,
    /// `sha256:` over the identities and checksums of the catalog's migrations; `null` when it could not be read.
    pub catalog: Option<String>,
    /// `sha256:` over the effective configuration, secrets left out.
    pub config: String,
}

/// The rows once more, in a form that needs no database to be read: lines of JSON, sealed like the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// Its file name, beside the manifest.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file as it lies there.
    pub sha256: String,
    /// The size before encryption.
    pub compressed_bytes: u64,
    /// SHA-256 before encryption.
    pub compressed_sha256: String,
    /// The size of the lines.
    pub content_bytes: u64,
    /// SHA-256 of the lines.
    pub content_sha256: String,
}

/// A run above a snapshot came to a good end: the snapshot is one that it is safe to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GoodMark {
    /// The run's job.
    pub run: String,
    /// When it had validated.
    pub at: DateTime<Utc>,
}

/// A snapshot was looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifiedMark {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it was restored into a scratch database.
    pub deep: bool,
    /// How long that restore took.
    pub restore_ms: Option<u64>,
    /// `whole`, or what was found.
    pub result: String,
}

impl VerifiedMark {
    /// What a look says that found nothing wrong.
    pub const WHOLE: &str = "whole";

    /// Whether nothing was found wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.result == Self::WHOLE
    }
}

/// What was learned of a snapshot after it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Marks {
    /// The newest run above it that validated.
    pub good: Option<GoodMark>,
    /// The newest look.
    pub verified: Option<VerifiedMark>,
}

/// A snapshot with what was learned of it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listed {
    /// Its manifest.
    #[serde(flatten)]
    pub manifest: Manifest,
    /// What was learned since.
    pub marks: Marks,
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

/// All snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotList {
    /// Newest first.
    pub snapshots: Vec<Listed>,
    /// What is there and cannot be used: damaged manifests, those of another key, damaged marks.
    pub findings: Vec<Finding>,
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
    /// The configured environment; `null` without.
    pub environment: Option<String>,
    /// The application's source; `null` when nothing tells.
    pub commit: Option<Commit>,
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
    /// How many tables that are.
    pub tables_count: u64,
    /// How many rows they have together.
    pub records_count: u64,
    /// What it was made with, and takes to be restored: server, dump tool, windlass, formats.
    pub dependencies: BTreeMap<String, String>,
    /// What the parts of the system were.
    pub checksums: Checksums,
    /// The payload's file name, beside this document.
    pub payload: String,
    /// The payload's size.
    pub payload_bytes: u64,
    /// SHA-256 of the payload as it lies there.
    pub payload_sha256: String,
    /// The payload's size before encryption.
    pub compressed_bytes: u64,
    /// SHA-256 of the payload before encryption.
    pub compressed_sha256: String,
    /// What the database took when it was taken, indexes and all; 0 when that was not asked.
    #[serde(default)]
    pub database_bytes: u64,
    /// SHA-256 of the native dump inside.
    pub dump_sha256: String,
    /// The native dump's size.
    pub dump_bytes: u64,
    /// How it is sealed.
    pub encryption: Encryption,
    /// The rows once more, portable; `null` when none were asked for.
    pub export: Option<Export>,
    /// The commands that open it without windlass.
    pub open_by_hand: String,
}

impl Manifest {
    /// What its files take, in bytes.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.payload_bytes + self.export.as_ref().map_or(0, |export| export.bytes)
    }

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
