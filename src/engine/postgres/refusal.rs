//! The server's and the driver's errors in windlass's words.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use crate::engine::EngineError;

/// SQLSTATE class 08, connection exceptions (PostgreSQL manual, appendix A, "PostgreSQL Error Codes").
const CONNECTION_EXCEPTION: &str = "08";

/// A lock was not given: in time, or because of a deadlock (same place: `lock_not_available`, `deadlock_detected`).
const NOT_GIVEN: [&str; 2] = ["55P03", "40P01"];

/// The role may not do this (same place: `insufficient_privilege`).
pub(super) const NOT_ALLOWED: &str = "42501";

/// What went wrong, after the session was open.
pub(super) fn of(error: &sqlx::Error) -> EngineError {
    match server(error) {
        Some(refusal) if ends_the_session(refusal) => EngineError::Lost { reason: words(refusal) },
        Some(refusal) if NOT_GIVEN.contains(&refusal.code()) => {
            EngineError::Blocked { code: refusal.code().to_owned(), message: words(refusal), holder: None }
        }
        Some(refusal) => EngineError::Refused { code: refusal.code().to_owned(), message: words(refusal) },
        None => match error {
            sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::RowNotFound => {
                EngineError::Refused { code: "driver".to_owned(), message: error.to_string() }
            }
            _ => EngineError::Lost { reason: error.to_string() },
        },
    }
}

/// What went wrong while the session was being opened; the driver's words without `secret`.
pub(super) fn of_opening(error: &sqlx::Error, address: &str, secret: Option<&str>) -> EngineError {
    let reason = server(error).map_or_else(|| error.to_string(), words);
    let reason = match secret.filter(|secret| !secret.is_empty()) {
        Some(secret) => reason.replace(secret, "***"),
        None => reason,
    };
    EngineError::Unreachable { address: address.to_owned(), reason }
}

/// The server's own error, if it is one.
pub(super) fn server(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
}

/// A FATAL error ends the session, a PANIC every session (PostgreSQL manual, "Message Severity Levels").
fn ends_the_session(refusal: &PgDatabaseError) -> bool {
    matches!(refusal.severity(), PgSeverity::Fatal | PgSeverity::Panic)
        || refusal.code().starts_with(CONNECTION_EXCEPTION)
}

/// All that the server says about it, on one line.
fn words(refusal: &PgDatabaseError) -> String {
    let more = [("detail", refusal.detail()), ("hint", refusal.hint()), ("context", refusal.r#where())];
    let mut text = refusal.message().to_owned();
    for (label, part) in more {
        if let Some(part) = part {
            text.push_str("; ");
            text.push_str(label);
            text.push_str(": ");
            text.push_str(&part.replace('\n', " "));
        }
    }
    text
}

/// Where in the text that was sent, in characters from 0 (PostgreSQL manual, "Error and Notice Message Fields": the
/// position is "measured in characters not bytes", the first is 1).
pub(super) fn position(error: &sqlx::Error) -> Option<usize> {
    match server(error)?.position()? {
        PgErrorPosition::Original(position) => position.checked_sub(1),
        PgErrorPosition::Internal { .. } => None,
    }
}
