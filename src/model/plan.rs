//! What a run would do, and whether it may.

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    compatibility::Compatibility,
    digest::PlanDigest,
    finding::{Finding, Severity},
    loss::Loss,
    migration::Direction,
    rehearsal::Rehearsed,
};

/// How a migration is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// As one transaction together with its history rows.
    Whole,
    /// Statement by statement, each with a row in the journal.
    Journaled,
}

/// How a migration can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackKind {
    /// Its down script was tried, and left exactly what was there before.
    Proven,
    /// Its down script was tried, and does not restore everything.
    Partial,
    /// It has a down script, which nobody has tried as it is now.
    Claimed,
    /// Only a snapshot takes it back.
    None,
}

impl RollbackKind {
    /// The word that stands in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Partial => "partial",
            Self::Claimed => "claimed",
            Self::None => "none",
        }
    }
}

/// A statement in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedStatement {
    /// File and line: `v0.5.0_01_learning_category/up.sql:3`.
    pub place: String,
    /// Its text; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// What it does to transactions.
    pub kind: super::migration::StatementKind,
    /// What it cuts, when it is made in batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<PlannedBackfill>,
}

/// What a backfill cuts into batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedBackfill {
    /// The table.
    pub table: String,
    /// The columns of the key; empty for the primary key.
    pub key: Vec<String>,
    /// Its rows, as the server estimates them; `null` when nobody looked.
    pub rows_estimate: Option<u64>,
}

/// A migration in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedMigration {
    /// The number it will get, or has when it is to be taken back.
    pub number: i64,
    /// Its identity.
    pub id: String,
    /// The version it leads to.
    #[schema(value_type = String)]
    pub version: Version,
    /// For a person.
    pub description: String,
    /// Up or down.
    pub direction: Direction,
    /// Whether its failure ends the run.
    pub critical: bool,
    /// How it is run.
    pub route: Route,
    /// Its statements, in order.
    pub statements: Vec<PlannedStatement>,
    /// How it can be taken back.
    pub rollback: RollbackKind,
    /// What its latest rehearsal brought that still holds; `null` without one.
    #[serde(default)]
    pub rehearsal: Option<Rehearsed>,
    /// How long it will take, by earlier runs or by the sizes of the tables it names; `null` when nothing is known.
    pub estimated_ms: Option<u64>,
}

/// All migrations that lead to one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hop {
    /// The version before; `null` for an empty database.
    #[schema(value_type = Option<String>)]
    pub from: Option<Version>,
    /// The version after.
    #[schema(value_type = String)]
    pub to: Version,
    /// Its migrations, in order.
    pub migrations: Vec<PlannedMigration>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The target's name.
    pub target: String,
    /// The version now; `null` when nothing was applied.
    #[schema(value_type = Option<String>)]
    pub current_version: Option<Version>,
    /// The version after the run.
    #[schema(value_type = Option<String>)]
    pub goal_version: Option<Version>,
    /// Whether application and database can work together now.
    pub compatibility: Compatibility,
    /// What the run would do, hop by hop.
    pub hops: Vec<Hop>,
    /// What is pending beyond this run, by identity.
    pub later: Vec<String>,
    /// How long it will take, as far as it is known.
    pub estimated_ms: Option<u64>,
    /// Rows in the tables that the pending migrations name, as the server estimates them.
    pub estimated_rows: u64,
    /// What it was made of; a run that is given it is refused once the target, the catalog or the settings have moved. `null`
    /// where nobody looked at the schema.
    #[schema(value_type = Option<String>)]
    pub digest: Option<PlanDigest>,
    /// What the run would take away that is stored, counted; `null` where nobody counted it.
    #[serde(default)]
    pub loss: Option<Loss>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// Whether a run may begin: nothing blocks.
    pub ready: bool,
    /// The findings that block.
    pub blocking: Vec<Finding>,
}

impl Plan {
    /// The same plan with more findings, which may block it.
    #[must_use]
    pub fn and(mut self, more: Vec<Finding>) -> Self {
        self.blocking.extend(more.iter().filter(|finding| finding.severity == Severity::Critical).cloned());
        self.ready = self.blocking.is_empty();
        self.findings.extend(more);
        self
    }

    /// How many migrations the run would apply or take back.
    #[must_use]
    pub fn migration_count(&self) -> usize {
        self.hops.iter().map(|hop| hop.migrations.len()).sum()
    }

    /// How many statements that are.
    #[must_use]
    pub fn statement_count(&self) -> u64 {
        self.hops.iter().flat_map(|hop| &hop.migrations).map(|m| m.statements.len() as u64).sum()
    }
}
