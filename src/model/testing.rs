//! A migration's own test, and what came of it.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::migration::Statement;

/// When a statement of a test is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before the migration goes up.
    Before,
    /// Behind its way up.
    Up,
    /// Behind its way back.
    Down,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before up",
            Self::Up => "after up",
            Self::Down => "after down",
        })
    }
}

/// One statement of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestStatement {
    /// When it is run.
    pub moment: Moment,
    /// What is run.
    pub statement: Statement,
    /// Whether its first value must be true.
    pub asserts: bool,
}

/// A migration's own test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationTest {
    /// Its file, relative to the catalog's root.
    pub file: Arc<str>,
    /// Its statements, in the order of the file.
    pub statements: Vec<TestStatement>,
}

/// Which migrations are tested.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Tests {
    /// All that have a test.
    #[default]
    All,
    /// Those of them that are pending in the target.
    Pending,
    /// These, which must have one.
    Named(Vec<String>),
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// Every assertion holds.
    Passed,
    /// Something is told in its failures.
    Failed,
    /// A migration before it could not be applied.
    NotRun,
}

/// Something that is not as a test says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestFailure {
    /// File and line.
    pub place: String,
    /// When the statement was run.
    pub moment: Moment,
    /// The statement.
    pub statement: String,
    /// What is wrong, with the database's words where it refused.
    pub message: String,
    /// The values of the first row that an assertion gave; none when it gave no row.
    pub values: Vec<String>,
}

/// What came of the test of one migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tested {
    /// The migration's identity.
    pub id: String,
    /// How it ended.
    pub outcome: TestOutcome,
    /// How many assertions were made.
    pub assertions: u64,
    /// What is not as it says.
    pub failures: Vec<TestFailure>,
    /// How long it took, with the migration itself.
    pub execution_time_ms: u64,
}

/// What tests brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestReport {
    /// Whether every test passed.
    pub overall: bool,
    /// On which server.
    pub server: String,
    /// Each migration that was to be tested, in order.
    pub tests: Vec<Tested>,
    /// The migrations of the catalog that have no test.
    pub without_test: Vec<String>,
    /// How long it took in all.
    pub execution_time_ms: u64,
}
