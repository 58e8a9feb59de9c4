//! What a job brought.

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    finding::{Finding, Severity},
    loss::Loss,
    migration::Direction,
    snapshot::SnapshotId,
};

/// What became of one migration in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MigrationResult {
    /// Its place in the order of application.
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
    /// Whether all of it was done.
    pub success: bool,
    /// How long it took.
    pub execution_time_ms: u64,
    /// The statements that ran, or in a dry run would run, bookkeeping included.
    pub statements: Vec<String>,
    /// What went wrong: file, line, the database's words.
    pub error: Option<String>,
}

/// What a run, or a rollback, did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunReport {
    /// Whether nothing was changed because nobody wanted it to.
    pub dry_run: bool,
    /// The version before.
    #[schema(value_type = Option<String>)]
    pub from: Option<Version>,
    /// The version now.
    #[schema(value_type = Option<String>)]
    pub to: Option<Version>,
    /// The snapshot under the run.
    pub snapshot: Option<SnapshotId>,
    /// How it went back: `down_scripts` or `snapshot`; only for a rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<RollbackMeans>,
    /// What it took away that was stored, or in a dry run would take away; only where there is something to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// What was applied or taken back, in the order in which it happened.
    pub migrations: Vec<MigrationResult>,
    /// What was added of the declared schema, statement by statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
    /// What validation found afterwards.
    pub validation: Option<ValidationReport>,
    /// How long it took in all.
    pub execution_time_ms: u64,
}

/// How a rollback went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackMeans {
    /// By the down scripts of what was applied.
    DownScripts,
    /// By a snapshot.
    Snapshot,
}

/// What validation found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValidationReport {
    /// Whether nothing critical was found.
    pub overall: bool,
    /// How many checks were made.
    pub checks: u32,
    /// What must be mended.
    pub critical_issues: Vec<Finding>,
    /// What must be watched.
    pub warnings: Vec<Finding>,
    /// What is worth knowing.
    pub info: Vec<Finding>,
    /// What to do, in order.
    pub recommendations: Vec<String>,
    /// What was added of the declared schema, statement by statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
}

/// What a fresh installation has, held against what the migrations make from nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeReport {
    /// Whether both came to their end, and have the same schema.
    pub equal: bool,
    /// On which server.
    pub server: String,
    /// The file of the declared schema.
    pub declared: String,
    /// How many migrations were run from nothing.
    pub migrations: u64,
    /// Each difference; what weighs as info is none.
    pub findings: Vec<Finding>,
    /// How long it took in all.
    pub execution_time_ms: u64,
}

impl ValidationReport {
    /// Sorts findings into a report.
    #[must_use]
    pub fn of(checks: u32, findings: Vec<Finding>) -> Self {
        let mut report = Self { overall: true, checks, ..Self::default() };
        for finding in findings {
            if !finding.remedy.is_empty() && !report.recommendations.contains(&finding.remedy) {
                report.recommendations.push(finding.remedy.clone());
            }
            match finding.severity {
                Severity::Critical => report.critical_issues.push(finding),
                Severity::Warning => report.warnings.push(finding),
                Severity::Info => report.info.push(finding),
            }
        }
        report.overall = report.critical_issues.is_empty();
        report
    }

    /// Both as one.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        let findings = [self.critical_issues, more.critical_issues, self.warnings, more.warnings, self.info, more.info];
        let added = [self.added, more.added].concat();
        Self { added, ..Self::of(self.checks + more.checks, findings.concat()) }
    }
}
