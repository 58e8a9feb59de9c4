//! One thing that a statement risks.

use crate::model::risk::Rule;

/// A rule that a statement trips, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// The rule.
    pub rule: Rule,
    /// What is so, in one sentence.
    pub message: String,
    /// The safe way.
    pub remedy: String,
}

impl Trip {
    pub fn new(rule: Rule, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { rule, message: message.into(), remedy: remedy.into() }
    }
}
