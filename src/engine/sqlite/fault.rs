//! The driver's errors in the engine's words.

use std::time::Duration;

use sqlx::error::DatabaseError;

use super::{EngineError, Place};

// SQLite manual, "Result and Error Codes".
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const INTERRUPTED: i32 = 9;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;
/// A process died in the middle of a transaction, and this connection may not roll it back (`SQLITE_READONLY_ROLLBACK`).
const TO_BE_ROLLED_BACK: i32 = 776;
/// A foreign key does not hold (`SQLITE_CONSTRAINT_FOREIGNKEY`).
pub(super) const FOREIGN_KEY: i32 = 787;

const LEFT_IN_THE_MIDDLE: &str = "a process died in the middle of a transaction, which is to be rolled back first";

/// The primary code: the low byte of an extended one.
fn primary(code: i32) -> i32 {
    code & 0xff
}

fn code_of(error: &dyn DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// What a failed statement means; `allowed` is the time it had.
pub(super) fn in_session(place: &Place, error: &sqlx::Error, allowed: Option<Duration>) -> EngineError {
    match error {
        sqlx::Error::Database(error) => {
            let code = code_of(error.as_ref());
            match (primary(code), allowed) {
                (INTERRUPTED, Some(allowed)) => EngineError::TimedOut(allowed),
                (BUSY | LOCKED, _) => {
                    EngineError::Blocked { code: code.to_string(), message: error.message().to_owned(), holder: None }
                }
                // Whoever opens the file anew has it rolled back.
                (READ_ONLY, _) if code == TO_BE_ROLLED_BACK => {
                    EngineError::Lost { reason: LEFT_IN_THE_MIDDLE.to_owned() }
                }
                (READ_ONLY, _) => EngineError::ReadOnly { address: place.address.clone() },
                _ => EngineError::Refused { code: code.to_string(), message: error.message().to_owned() },
            }
        }
        sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => EngineError::Lost { reason: error.to_string() },
        other => EngineError::Refused { code: "driver".to_owned(), message: other.to_string() },
    }
}

/// Whether a statement that failed so has surely not been committed: after an I/O error or a full disk it may have been.
pub(super) fn is_clear(error: &EngineError) -> bool {
    match error {
        EngineError::Refused { code, .. } => {
            !code.parse().is_ok_and(|code: i32| matches!(primary(code), IO_ERROR | FULL))
        }
        EngineError::Lost { .. } => false,
        _ => true,
    }
}

/// Whether nothing can be read before a transaction that a dead process left is rolled back.
pub(super) fn is_to_be_rolled_back(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(inner) if code_of(inner.as_ref()) == TO_BE_ROLLED_BACK)
}

/// What a failure to open means: the file is not there, not ours to open, held by somebody else alone, or no database.
pub(super) fn on_opening(place: &Place, error: &sqlx::Error) -> EngineError {
    let reason = match error {
        sqlx::Error::Database(inner) if matches!(primary(code_of(inner.as_ref())), BUSY | LOCKED) => {
            return in_session(place, error, None);
        }
        error if is_to_be_rolled_back(error) => {
            format!(
                "{LEFT_IN_THE_MIDDLE}, and the file or its folder cannot be written; give windlass the right to write them"
            )
        }
        sqlx::Error::Database(inner) => match primary(code_of(inner.as_ref())) {
            READ_ONLY => return EngineError::ReadOnly { address: place.address.clone() },
            NOT_A_DATABASE => "the file is not a SQLite database; check target.url".to_owned(),
            CORRUPT => format!("the file is damaged ({}); restore a snapshot", inner.message()),
            CANNOT_OPEN => format!("{}; the file and its folder must be readable and writable", inner.message()),
            _ => inner.message().to_owned(),
        },
        other => other.to_string(),
    };
    EngineError::Unreachable { address: place.address.clone(), reason }
}

/// A file beside the database could not be read or written.
pub(super) fn on_file(path: &std::path::Path, source: std::io::Error) -> EngineError {
    EngineError::File { path: path.display().to_string(), source }
}
