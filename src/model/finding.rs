//! What lint, plan, validation and drift say.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Watch it.
    Warning,
    /// Blocks a run.
    Critical,
}

/// One thing that was found: a rule, a place, a sentence and a way on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The rule's stable name, in kebab case: `missing-dependency`.
    pub rule: String,
    /// How much it weighs.
    pub severity: Severity,
    /// Where: a file with its line, a migration, an object of the database, a setting.
    pub place: String,
    /// What is so, in one sentence.
    pub message: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}

impl Finding {
    fn of(severity: Severity, rule: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule: rule.to_owned(), severity, place: place.into(), message: message.into(), remedy: String::new() }
    }

    /// A finding that blocks.
    #[must_use]
    pub fn critical(rule: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(Severity::Critical, rule, place, message)
    }

    /// A finding to watch.
    #[must_use]
    pub fn warning(rule: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(Severity::Warning, rule, place, message)
    }

    /// A finding worth knowing.
    #[must_use]
    pub fn info(rule: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(Severity::Info, rule, place, message)
    }

    /// The same finding with a way on.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}
