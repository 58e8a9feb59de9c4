//! What can go wrong between us and the target.

use std::time::Duration;

/// What went wrong. The database's own words are in `source`, for an administrator and the log only.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The URL is not understood.
    #[error("target.url is not usable: {reason}")]
    Address {
        /// Why.
        reason: String,
    },
    /// Nobody answers there, or the door is shut.
    #[error("the database at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Where, without a secret.
        address: String,
        /// The driver's words.
        reason: String,
    },
    /// The server is of a version windlass does not know how to keep safe.
    #[error("{found} is not supported; windlass needs {needed}")]
    Unsupported {
        /// What answers.
        found: String,
        /// What is needed.
        needed: &'static str,
    },
    /// The connection went away; what it was doing may or may not have happened.
    #[error("the connection to the database was lost: {reason}")]
    Lost {
        /// The driver's words.
        reason: String,
    },
    /// The database said no.
    #[error("the database refused ({code}): {message}")]
    Refused {
        /// The engine's code (SQLSTATE, error number).
        code: String,
        /// The database's words.
        message: String,
    },
    /// Somebody else has a lock that a statement needs, and kept it; nothing of the statement happened.
    #[error("a lock was not given in time ({code}): {message}{}", held_by(.holder.as_deref()))]
    Blocked {
        /// The engine's code (SQLSTATE, error number).
        code: String,
        /// The database's words.
        message: String,
        /// Who holds it, as far as that could be seen.
        holder: Option<String>,
    },
    /// It did not answer in time.
    #[error("the database did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Somebody asked for it to stop at once.
    #[error("it was stopped because somebody asked")]
    Cancelled,
    /// The target can be read and not written.
    #[error("the database at {address} is read-only")]
    ReadOnly {
        /// Where, without a secret.
        address: String,
    },
    /// Another run raised the epoch; this one must not write any more.
    #[error("another run has taken over; this one (epoch {ours}) may not write any more")]
    Fenced {
        /// The epoch this run was given.
        ours: i64,
    },
    /// Something of the target cannot serve for what a migration wants of it.
    #[error("{message}; {remedy}")]
    Unfit {
        /// What, and why.
        message: String,
        /// What to do about it.
        remedy: String,
    },
    /// One of our own tables does not have the expected shape.
    #[error("column {column} of a windlass table holds {found}, not {expected}")]
    Shape {
        /// Which column of the query.
        column: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A client program is missing or failed.
    #[error("{program} {reason}")]
    Tool {
        /// Which program.
        program: String,
        /// What it said, or how to install it.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A restore was interrupted, and what is left of it could not be brought to its end.
    #[error("the restore of a snapshot was interrupted, and cannot be brought to its end: {0}")]
    HalfRestored(Box<EngineError>),
    /// What was loaded from a snapshot is not what its manifest says.
    #[error("the restored copy differs from its manifest: {difference}")]
    Differs {
        /// Where.
        difference: String,
    },
}

fn held_by(holder: Option<&str>) -> String {
    holder.map_or_else(String::new, |holder| format!("; it is held by {holder}"))
}

/// A statement of a migration failed.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct StatementError {
    /// Which of the statements given, from 0. For [`super::Session::transact`] the number of statements when BEGIN or COMMIT itself failed.
    pub index: usize,
    /// What is known of the transaction: `Some(false)` it was rolled back, `None` the connection went away while it may have been committing.
    pub committed: Option<bool>,
    /// Why.
    #[source]
    pub error: EngineError,
}

/// A restore did not come about; the database is as it was.
pub struct RestoreError {
    /// The session that holds the lock, when it is still there.
    pub session: Option<Box<dyn super::Session>>,
    /// Why.
    pub error: EngineError,
}

#[cfg(feature = "failpoints")]
impl EngineError {
    /// What a place says that was told to fail.
    pub(crate) fn fault(crate::failpoint::Fault(name): crate::failpoint::Fault) -> Self {
        Self::Refused { code: "failpoint".to_owned(), message: name.to_owned() }
    }
}
