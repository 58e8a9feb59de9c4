//! Exit codes: part of the contract, since pipelines decide by them.

use std::process::ExitCode;

use serde::{Serialize, Serializer};

use crate::{
    app::OpenError,
    catalog::CatalogError,
    engine::EngineError,
    jobs::Refused,
    lifecycle::{Ended, Signal},
    model::job::{Job, JobState},
    snapshot::ArchiveError,
};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or as it should be.
    Fine,
    /// 1: a migration is needed (`check`, `plan --exit-code`), or the job did not reach its goal.
    No,
    /// 2: application and database cannot work together, or something critical was found.
    Critical,
    /// 64: the command line is not understood (`EX_USAGE`).
    Usage,
    /// 69: the target cannot be reached or used (`EX_UNAVAILABLE`).
    Unavailable,
    /// 75: another run holds the target; try again (`EX_TEMPFAIL`).
    Busy,
    /// 78: the settings, or a file they name, cannot be used (`EX_CONFIG`).
    Configuration,
    /// 128 and the signal's number: ended at once by a second signal.
    Killed(u8),
}

/// What a shell adds to the number of a signal.
const SIGNAL_BASE: u8 = 128;

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::No => 1,
            Self::Critical => 2,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Busy => 75,
            Self::Configuration => 78,
            Self::Killed(signal) => SIGNAL_BASE + signal,
        }
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(self.code())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<&Refused> for Exit {
    fn from(refused: &Refused) -> Self {
        match refused {
            Refused::Busy { .. } | Refused::Stopping => Self::Busy,
            Refused::NotReady { .. }
            | Refused::Archive(ArchiveError::Damaged { .. } | ArchiveError::Unreadable { .. }) => Self::Critical,
            Refused::PlanMoved { .. }
            | Refused::LossNotAccepted { .. }
            | Refused::NothingRuns
            | Refused::KeyReused
            | Refused::NoJob(_)
            | Refused::NoSnapshot(_)
            | Refused::Archive(ArchiveError::Missing(_)) => Self::No,
            Refused::Catalog(error) => error.into(),
            Refused::Target(error) => error.into(),
            Refused::Archive(_) | Refused::Store(_) => Self::Configuration,
        }
    }
}

impl From<&CatalogError> for Exit {
    fn from(error: &CatalogError) -> Self {
        match error {
            CatalogError::Faults(_) => Self::Critical,
            CatalogError::Name { .. } | CatalogError::Exists { .. } => Self::Usage,
            CatalogError::Folder { .. } | CatalogError::Foreign { .. } | CatalogError::Write { .. } => {
                Self::Configuration
            }
        }
    }
}

impl From<&EngineError> for Exit {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::Address { .. } => Self::Configuration,
            EngineError::Fenced { .. } | EngineError::Blocked { .. } => Self::Busy,
            _ => Self::Unavailable,
        }
    }
}

impl From<&OpenError> for Exit {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::Catalog(error) => error.into(),
            OpenError::Target(error) => error.into(),
            OpenError::Auth(_) | OpenError::Archive(_) => Self::Configuration,
        }
    }
}

impl From<&Job> for Exit {
    fn from(job: &Job) -> Self {
        if job.state == JobState::Succeeded { Self::Fine } else { Self::No }
    }
}

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Stopped => Self::Fine,
            Ended::Forced(Signal::Interrupt) => Self::Killed(2),
            Ended::Forced(Signal::Terminate) => Self::Killed(15),
        }
    }
}
