//! What was applied, as the target's own tables tell it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::checksum::Checksum;

/// One row of `migration_history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Applied {
    /// Its place in the order of application; the first is 1.
    pub number: i64,
    /// The version it leads to.
    #[schema(value_type = String)]
    pub version: Version,
    /// The migration's identity as text (`v0.5.0_01_learning_category`); `None` in rows that another reader of the table wrote.
    pub name: Option<String>,
    /// For a person.
    pub description: String,
    /// By the target's clock.
    pub applied_at: DateTime<Utc>,
    /// Who asked for it.
    pub applied_by: Option<String>,
    /// How long it took.
    pub execution_time_ms: Option<i64>,
    /// `false`: it failed and was not critical.
    pub success: bool,
    /// The database's words when it failed.
    pub error_message: Option<String>,
    /// Whether it had a way back when it was applied.
    pub rollback_available: bool,
    /// What its text was when it was applied.
    #[schema(value_type = Option<String>)]
    pub checksum: Option<Checksum>,
    /// The run that applied it.
    pub run_id: Option<String>,
}

/// What the target says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The version now; `None` when nothing was ever applied or everything was rolled back.
    pub version: Option<Version>,
    /// The rows of `migration_history`, by number.
    pub applied: Vec<Applied>,
    /// Whether the target has tables of its own although it has no history.
    pub has_foreign_tables: bool,
    /// A run that did not end, if there is one.
    pub unfinished: Option<Unfinished>,
    /// Whether an older windlass laid out the tables that tell this; the next run brings them up to date.
    pub is_outdated: bool,
    /// The prints of the statements of migrations whose text is another now, by their names, as they were when they were
    /// applied; empty where nobody looked.
    pub prints: BTreeMap<String, Vec<String>>,
}

/// A migration that was begun and is neither recorded nor undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unfinished {
    /// The run it belongs to.
    pub run_id: String,
    /// The migration's identity.
    pub migration: String,
    /// Up or down.
    pub direction: super::migration::Direction,
    /// How many of its statements are known to be done.
    pub statements_done: u32,
    /// The statement that was begun and is not known to be done; the first is 1.
    pub statement_in_doubt: Option<u32>,
    /// Where that statement stands, or the one that comes next: file and line.
    #[serde(default)]
    pub place: Option<String>,
    /// What the next run does with it, in one sentence; empty where nobody looked.
    #[serde(default)]
    pub next_step: String,
    /// Whether no run goes on by itself: a person has to decide, or to put something back.
    #[serde(default)]
    pub waits_for_a_person: bool,
    /// The ways on, as commands; more than one where a person has to decide.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// How far its backfill is, when that is what is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Backfilled>,
    /// The snapshot, when its restore is what was interrupted; the fields of a migration then say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// A way on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// The command.
    pub command: String,
    /// What it does, in one sentence.
    pub effect: String,
}

/// How far a backfill is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backfilled {
    /// The table that is cut.
    pub table: String,
    /// Its rows that are done.
    pub rows_done: u64,
    /// Its rows in all, as far as it can be told.
    pub rows_total: u64,
}

impl std::fmt::Display for Backfilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of about {} rows of its backfill of {}", self.rows_done, self.rows_total, self.table)
    }
}

impl History {
    /// Whether nothing was ever applied, nor begun.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.applied.is_empty() && self.version.is_none() && self.unfinished.is_none()
    }

    /// The row of the newest migration.
    #[must_use]
    pub fn last(&self) -> Option<&Applied> {
        self.applied.last()
    }

    /// The number the next migration gets.
    #[must_use]
    pub fn next_number(&self) -> i64 {
        self.last().map_or(1, |row| row.number + 1)
    }
}
