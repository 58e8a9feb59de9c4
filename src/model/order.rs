//! What can be asked of the desk, and by whom.

use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    archive::PruneRule, digest::PlanDigest, job::JobKind, loss::LossDigest, rehearsal::RehearsalFrom,
    snapshot::SnapshotId, testing::Tests, tool::Tool,
};

/// Whether a run makes a snapshot first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotPolicy {
    /// Before every run.
    #[default]
    Always,
    /// Only before a run whose way back is not covered by down scripts.
    Required,
    /// Not at all.
    Never,
}

/// What becomes of work that will not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpacePolicy {
    /// It is refused before its first byte.
    #[default]
    Refuse,
    /// It goes on, and the log says so.
    Warn,
}

/// How far a run may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathPolicy {
    /// One hop; a target further behind is told which release comes first.
    #[default]
    Next,
    /// Hop after hop, each validated before the next.
    Through,
}

/// Which ways back a run may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackPolicy {
    /// Whatever there is.
    #[default]
    Any,
    /// Only those that a rehearsal has proven; any other blocks the run.
    Proven,
}

/// What becomes of what the declared schema has and the database has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SafetyNet {
    /// Nobody looks.
    Off,
    /// It is told.
    #[default]
    Report,
    /// It is added, where that takes nothing away and no row is in the way.
    Add,
}

impl SafetyNet {
    /// What an order means that does not speak of it.
    #[must_use]
    pub const fn off() -> Self {
        Self::Off
    }
}

/// How a stop is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// After the migration (or, outside a transaction, the statement) that is at work.
    #[default]
    Safe,
    /// A transactional migration is cancelled and rolled back.
    Now,
}

/// Where a rollback goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RollbackGoal {
    /// To before the last run.
    #[default]
    LastRun,
    /// This many migrations back.
    Steps(u32),
    /// To the state in which this version was the newest.
    Version(Version),
    /// To what this snapshot holds.
    Snapshot(SnapshotId),
}

/// What a person says of a statement that was interrupted and that nothing else tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InDoubt {
    /// It did not take effect: run it again.
    Redo,
    /// It took effect: go on behind it.
    Done,
}

/// How a snapshot is to be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// Which.
    pub snapshot: SnapshotId,
    /// Into this other database of the same server (or this file); `None`: in the place of the target.
    pub into: Option<String>,
    /// Show what would change, change nothing.
    pub dry_run: bool,
    /// Go on where only a person can want it: without a snapshot of a state that cannot be copied, over another database that
    /// is not empty, and where it may not fit.
    pub force: bool,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Take the target to a newer version.
    Migrate {
        /// To this version; `None`: the required one.
        to: Option<Version>,
        /// Show the SQL, change nothing.
        dry_run: bool,
        /// Whether to make a snapshot first; `None`: as configured.
        snapshot: Option<SnapshotPolicy>,
        /// Whether to validate after each hop.
        validate: bool,
        /// What a person says of a statement that was interrupted and that nothing else tells about.
        #[serde(default)]
        in_doubt: Option<InDoubt>,
        /// Only if the plan would still be the one with this digest.
        #[serde(default)]
        plan: Option<PlanDigest>,
        /// The loss that a person has accepted, by the digest of its list.
        #[serde(default)]
        accept_loss: Option<LossDigest>,
    },
    /// Finish what was interrupted, and nothing else.
    Recover,
    /// Take it back.
    Rollback {
        /// Where to.
        goal: RollbackGoal,
        /// Show the SQL, change nothing.
        dry_run: bool,
        /// The loss that a person has accepted, by the digest of its list.
        #[serde(default)]
        accept_loss: Option<LossDigest>,
    },
    /// Make a restorable copy.
    Snapshot {
        /// For a person.
        message: Option<String>,
        /// To find it by.
        tags: Vec<String>,
        /// For a person, longer.
        notes: Option<String>,
        /// Whether to write the rows as lines of JSON as well.
        #[serde(default)]
        export: bool,
    },
    /// Look at a snapshot again.
    Verify {
        /// Which; `None`: all of them.
        snapshot: Option<SnapshotId>,
        /// Also restore it into a scratch database, and compare.
        deep: bool,
    },
    /// Put a snapshot in the place of a database.
    Restore(Restore),
    /// Let go of old snapshots.
    Prune {
        /// Which may go.
        rule: PruneRule,
        /// Show which, remove nothing.
        dry_run: bool,
    },
    /// Check what is there.
    Validate {
        /// Also what costs a look at every row.
        deep: bool,
        /// Whether it is held against the declared schema as well.
        #[serde(default = "SafetyNet::off")]
        net: SafetyNet,
    },
    /// Compare what a fresh installation has with what the migrations make from nothing.
    VerifyUpgrade,
    /// Record that the target holds everything up to this version.
    Baseline {
        /// The version a person says it holds.
        version: Version,
    },
    /// Take over the history of another tool.
    Adopt {
        /// Whose; `None`: of the one tool that left one.
        from: Option<Tool>,
        /// Take the schema as it is, although its migrations make another.
        accept_differences: bool,
    },
    /// Give a history back that was taken over.
    Unadopt,
    /// Try migrations and their ways back on a scratch copy.
    Rehearse {
        /// Those up to this version; `None`: the required one. A history is tried as far as the catalog goes.
        to: Option<Version>,
        /// What the copy begins with.
        from: RehearsalFrom,
    },
    /// Run the migrations' own tests in a scratch database.
    Test {
        /// Of which migrations.
        which: Tests,
    },
}

impl Order {
    /// Whether it leaves the target alone, and so needs no lock.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        match self {
            Self::Migrate { dry_run, .. } | Self::Rollback { dry_run, .. } => *dry_run,
            Self::Restore(Restore { into, dry_run, .. }) => *dry_run || into.is_some(),
            Self::Verify { .. } | Self::Rehearse { .. } | Self::VerifyUpgrade | Self::Test { .. } => true,
            _ => false,
        }
    }

    /// Whether it may change a database, so that its job has a log file of its own.
    #[must_use]
    pub fn changes(&self) -> bool {
        match self {
            Self::Migrate { dry_run, .. } | Self::Rollback { dry_run, .. } | Self::Restore(Restore { dry_run, .. }) => {
                !dry_run
            }
            Self::Validate { net, .. } => *net == SafetyNet::Add,
            Self::Recover | Self::Baseline { .. } | Self::Adopt { .. } | Self::Unadopt => true,
            _ => false,
        }
    }

    /// The kind of job it makes.
    #[must_use]
    pub fn kind(&self) -> JobKind {
        match self {
            Self::Migrate { .. } | Self::Recover => JobKind::Migrate,
            Self::Rollback { .. } => JobKind::Rollback,
            Self::Snapshot { .. } => JobKind::Snapshot,
            Self::Verify { .. } => JobKind::Verify,
            Self::Restore(_) => JobKind::Restore,
            Self::Prune { .. } => JobKind::Prune,
            Self::Validate { .. } => JobKind::Validate,
            Self::VerifyUpgrade => JobKind::VerifyUpgrade,
            Self::Baseline { .. } => JobKind::Baseline,
            Self::Adopt { .. } | Self::Unadopt => JobKind::Adopt,
            Self::Rehearse { .. } => JobKind::Rehearse,
            Self::Test { .. } => JobKind::Test,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The token's subject, or the account that runs the CLI.
    pub name: String,
    /// Through which door.
    pub door: Door,
}

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The HTTP service.
    Http,
    /// The command line.
    Cli,
    /// An application that windlass is a part of.
    Library,
    /// The service itself: at its start, and by schedule.
    Service,
}

impl std::fmt::Display for Requester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let door = match self.door {
            Door::Http => "http",
            Door::Cli => "cli",
            Door::Library => "library",
            Door::Service => "service",
        };
        write!(f, "{door}:{}", self.name)
    }
}
