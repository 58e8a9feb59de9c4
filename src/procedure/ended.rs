//! How a job ended.

use serde::Serialize;

use super::{Assignment, migrate::Short};
use crate::model::job::{JobEvent, JobProblem};

/// How a job ended, with what it brought even when it failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Succeeded, paused or failed.
    pub event: JobEvent,
    /// What it brought.
    pub result: Option<serde_json::Value>,
    /// Why it did not reach its goal.
    pub problem: Option<JobProblem>,
}

impl Ended {
    /// It reached its goal.
    #[must_use]
    pub fn well(result: &impl Serialize) -> Self {
        Self { event: JobEvent::Succeeded, result: serde_json::to_value(result).ok(), problem: None }
    }

    /// It stopped because somebody asked.
    #[must_use]
    pub fn paused(result: &impl Serialize) -> Self {
        Self { event: JobEvent::Paused, result: serde_json::to_value(result).ok(), problem: None }
    }

    /// As it came out, with what it brought; a problem is told in the job's log.
    #[must_use]
    pub(super) fn with(outcome: Result<(), Short>, told: &Assignment, result: &impl Serialize) -> Self {
        match outcome {
            Ok(()) => Self::well(result),
            Err(Short::Paused) => Self::paused(result),
            Err(Short::Problem(problem)) => {
                told.error(problem.detail.clone());
                Self::badly(*problem, serde_json::to_value(result).ok())
            }
        }
    }

    /// It gave up; `result` is what did succeed.
    #[must_use]
    pub fn badly(problem: JobProblem, result: Option<serde_json::Value>) -> Self {
        Self { event: JobEvent::Failed, result, problem: Some(problem) }
    }
}
