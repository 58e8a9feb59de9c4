//! What a format hands on: a migration whose scripts are not yet cut into statements.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use semver::Version;

use crate::model::{migration::Identity, waiver::Waiver};

/// The text of a file.
#[derive(Debug)]
pub struct Source {
    /// The file, relative to the catalog's root.
    pub file: Arc<str>,
    /// All of it.
    pub text: String,
}

/// Whether a number stands for one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// It does; the same number again is a fault.
    Sole,
    /// It stands for several parts, which their names tell apart and put in order.
    InParts,
    /// It stands for several parts, which have a place of their own each; they may have one name.
    Placed,
}

/// A migration as its files tell it.
#[derive(Debug)]
pub struct Draft {
    /// What it is called. For a numbered history, as if it knew no releases: `0.0.<number>`.
    pub identity: Identity,
    /// Its number in a numbered history.
    pub number: Option<u64>,
    /// Whether other migrations may have its number, too.
    pub numbering: Numbering,
    /// Its folder or file, relative to the catalog's root.
    pub place: Arc<str>,
    /// What is told beside the scripts.
    pub metadata: Metadata,
    /// The forward script; `None` when it has a fault, which is told already.
    pub up: Option<Source>,
    /// The change of rows in batches that follows it.
    pub backfill: Option<Source>,
    /// The way back.
    pub down: Option<Source>,
}

/// What is told beside the scripts; the default is a migration of which nothing is told.
#[derive(Debug)]
pub struct Metadata {
    /// For a person.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// When it was written.
    pub created_at: Option<DateTime<Utc>>,
    /// The oldest application version that can work with it.
    pub min_runtime_version: Option<Version>,
    /// The newest application version that can work with it.
    pub max_runtime_version: Option<Version>,
    /// Versions or identities that must come before it.
    pub dependencies: Vec<String>,
    /// Whether its failure ends a run.
    pub critical: bool,
    /// Whether to run it as one transaction.
    pub transactional: Option<bool>,
    /// May be applied although a newer one already is.
    pub out_of_order: bool,
    /// How long a statement may wait for a lock, in milliseconds.
    pub lock_timeout_ms: Option<u64>,
    /// How long a statement may take, in milliseconds.
    pub statement_timeout_ms: Option<u64>,
    /// Checksums of earlier texts that this one may stand for.
    pub supersedes: Vec<String>,
    /// The rules that it waives.
    pub allow: Vec<Waiver>,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            description: None,
            author: None,
            created_at: None,
            min_runtime_version: None,
            max_runtime_version: None,
            dependencies: Vec::new(),
            critical: true,
            transactional: None,
            out_of_order: false,
            lock_timeout_ms: None,
            statement_timeout_ms: None,
            supersedes: Vec::new(),
            allow: Vec::new(),
        }
    }
}
