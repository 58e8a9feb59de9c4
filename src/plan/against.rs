//! What a schema is held against, and so in which words a difference is told.

use crate::model::finding::Severity;

/// What a schema is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The schema that the last run left.
    LastRun,
    /// The schema that the catalog declares.
    Declared,
    /// What a fresh installation has; held against it is what the migrations make from nothing.
    Fresh,
}

impl Against {
    /// Something is not there that should be.
    pub(super) fn missing(self, what: &str) -> String {
        match self {
            Self::LastRun => format!("the last run left this {what} and it is gone"),
            Self::Declared => format!("the declared schema has this {what}, and the database has not"),
            Self::Fresh => format!("a fresh installation has this {what}, and an upgraded database has not"),
        }
    }

    /// What to do then; `again` is what was meant to be there.
    pub(super) fn restore(self, again: String) -> String {
        match self {
            Self::LastRun => again,
            Self::Declared => "bring it into a migration, or have it added: windlass validate --add-missing".to_owned(),
            Self::Fresh => "bring it into a migration".to_owned(),
        }
    }

    /// Something is there that nobody knows of.
    pub(super) fn stranger(self, what: &str) -> String {
        match self {
            Self::LastRun => format!("no migration left this {what}"),
            Self::Declared => format!("the declared schema has no such {what}"),
            Self::Fresh => format!("an upgraded database has this {what}, and a fresh installation has not"),
        }
    }

    /// What to do then; `drop` says how it would go.
    pub(super) fn take_in(self, drop: &str) -> String {
        match self {
            Self::LastRun => format!("{drop}, or bring it into a migration"),
            Self::Declared | Self::Fresh => format!("bring it into the declared schema, or {drop} by a migration"),
        }
    }

    /// How much it weighs.
    pub(super) fn weight_of_stranger(self) -> Severity {
        match self {
            Self::LastRun | Self::Fresh => Severity::Warning,
            Self::Declared => Severity::Info,
        }
    }

    /// Something is not as it should be.
    pub(super) fn changed(self, then: &str, now: &str) -> String {
        match self {
            Self::LastRun => format!("the last run left it as {then}, it is {now}"),
            Self::Declared => format!("the declared schema has it as {then}, it is {now}"),
            Self::Fresh => format!("a fresh installation has it as {then}, an upgraded database as {now}"),
        }
    }

    /// What to do then.
    pub(super) fn bring(self) -> &'static str {
        match self {
            Self::LastRun => "bring the change into a migration",
            Self::Declared | Self::Fresh => "bring them into line: by a migration, or in the declared schema",
        }
    }
}
