//! One change with a target version, as the catalog tells it.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{backfill::Backfill, checksum::Checksum, waiver::Waiver};

/// Which way a script goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To a newer version.
    Up,
    /// Back.
    Down,
}

impl Direction {
    /// The word that stands in tables and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What a transaction of an engine can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DdlScope {
    /// Schema changes and rows alike.
    Transaction,
    /// Rows only: a schema change commits by itself.
    Statement,
}

/// What a statement does to transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// Changes or reads rows only; can share a transaction on every engine.
    Rows,
    /// Changes the schema, and can share a transaction (every DDL of an engine whose DDL is transactional).
    TransactionalDdl,
    /// Commits whatever is open before it runs, or after (DDL on MariaDB and MySQL).
    ImplicitCommit,
    /// Refuses to run inside a transaction (`CREATE INDEX CONCURRENTLY`, `VACUUM`).
    OutsideTransaction,
    /// Sets something for the session (`SET`, `PRAGMA`).
    Session,
    /// Opens a transaction.
    Begin,
    /// Ends a transaction and keeps its changes.
    Commit,
    /// Ends a transaction, or part of one, and drops its changes.
    Rollback,
}

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    /// The text as the file has it, without the delimiter.
    pub sql: String,
    /// The line of the file on which it begins; the first is 1.
    pub line: u32,
    /// What it does to transactions.
    pub kind: StatementKind,
    /// The statement it was made of, when what is written is not one step on the server.
    pub part: Option<Part>,
}

impl Statement {
    /// The statement as its file has it.
    #[must_use]
    pub fn as_written(&self) -> &str {
        self.part.as_ref().map_or(&self.sql, |part| &part.of)
    }
}

/// What a statement was made of that is not written so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// The statement as it is written.
    pub of: String,
    /// What takes this part back when a later one is refused.
    pub undo: Option<String>,
}

/// The statements of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file, relative to the catalog's root.
    pub file: Arc<str>,
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// What its comments waive.
    pub waivers: Vec<Waiver>,
}

/// A statement as its file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// The file, relative to the catalog's root.
    pub file: &'a str,
    /// The line on which it begins; the first is 1.
    pub line: u32,
    /// Its text.
    pub sql: &'a str,
}

/// What a migration is called: its version, its place among those of one version, its name.
///
/// The order of two migrations without dependencies is the order of their identities.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The version the database has once this migration and its siblings are applied.
    pub version: Version,
    /// The `nn` of `v<semver>_<nn>_<name>`; 0 without one.
    pub sequence: u32,
    /// The name, in snake case.
    pub name: String,
}

impl Identity {
    /// The `sequence` of a repeatable migration: it comes after all others.
    pub const REPEATABLE: u32 = u32::MAX;

    /// Whether it runs again whenever its text has changed. Its version is the catalog's highest, so it is called by its name
    /// alone, and the rows of a history that bear it may have several versions.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.sequence == Self::REPEATABLE
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sequence {
            Self::REPEATABLE => write!(f, "repeatable_{}", self.name),
            0 => write!(f, "v{}_{}", self.version, self.name),
            n => write!(f, "v{}_{n:02}_{}", self.version, self.name),
        }
    }
}

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// What it is called.
    pub identity: Identity,
    /// Its folder or file, relative to the catalog's root.
    pub place: Arc<str>,
    /// The file with its metadata, should it have any, relative to the catalog's root.
    pub metadata: Arc<str>,
    /// For a person; the name in words when nobody wrote one.
    pub description: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// When it was written.
    pub created_at: Option<DateTime<Utc>>,
    /// The oldest application version that can work with it; `None` for any.
    pub min_runtime_version: Option<Version>,
    /// The newest application version that can work with it; `None` for any.
    pub max_runtime_version: Option<Version>,
    /// Versions or identities that must come before it.
    pub dependencies: Vec<String>,
    /// Whether its failure ends a run. `false`: it is recorded, warned of, and the run goes on.
    pub critical: bool,
    /// Whether to run it as one transaction. `None`: what the engine and its statements allow.
    pub transactional: Option<bool>,
    /// May be applied although a newer one already is.
    pub out_of_order: bool,
    /// How long a statement may wait for a lock, in milliseconds; `None`: as configured.
    pub lock_timeout_ms: Option<u64>,
    /// How long a statement may take, in milliseconds; `None`: as configured.
    pub statement_timeout_ms: Option<u64>,
    /// Checksums of earlier texts that this one may stand for.
    pub supersedes: Vec<String>,
    /// What its metadata waives.
    pub allow: Vec<Waiver>,
    /// The forward script.
    pub up: Script,
    /// The change of many rows that follows it, in batches.
    pub backfill: Option<Backfill>,
    /// The way back, where there is one.
    pub down: Option<Script>,
    /// Over everything that goes forward.
    pub checksum: Checksum,
}

impl Migration {
    /// How many statements go forward; a backfill counts as one.
    #[must_use]
    pub fn statement_count(&self) -> u64 {
        self.up.statements.len() as u64 + u64::from(self.backfill.is_some())
    }

    /// Where a person tells something of it: in a file of its own, or under its place in one for all.
    #[must_use]
    pub fn metadata_in_words(&self) -> String {
        let Self { place, metadata, .. } = self;
        if metadata.starts_with(&**place) { metadata.to_string() } else { format!("{metadata} under \"{place}\"") }
    }

    /// The statements that go forward, as the files have them: the script's, then the backfill's.
    pub fn written(&self) -> impl Iterator<Item = Written<'_>> {
        let is_part_of_same = |one: &Statement, other: &Statement| {
            one.part.is_some() && (one.line, one.as_written()) == (other.line, other.as_written())
        };
        let firsts = self.up.statements.chunk_by(is_part_of_same).filter_map(<[Statement]>::first);
        let script = firsts.map(|first| Written { file: &self.up.file, line: first.line, sql: first.as_written() });
        let backfill = self.backfill.iter();
        script.chain(backfill.map(|backfill| Written { file: &backfill.file, line: backfill.line, sql: &backfill.sql }))
    }
}
