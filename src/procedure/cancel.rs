//! Stopping at once: dropping a future is not cancelling, so the server is told, and its answer awaited.

use std::{future::Future, pin::pin, time::Duration};

use super::{Assignment, Target};
use crate::engine::EngineError;

/// After this time a statement that goes on although it was cancelled is cancelled again.
const CANCEL_AGAIN_MS: u64 = 250;

/// Waits for `work`, which the session called `connection` does. When somebody asks to stop at once, it is stopped at the
/// server. Gives what came of it, and whether it was stopped.
pub(super) async fn or_stopped<T>(
    target: &Target,
    told: &Assignment,
    connection: &str,
    what: &str,
    work: impl Future<Output = T>,
) -> (T, bool) {
    let mut work = pin!(work);
    tokio::select! {
        outcome = &mut work => return (outcome, false),
        () = told.stop_now() => told.warning(format!("stopping {what} at once")),
    }
    loop {
        // The work goes on beside this, for it may end before the server was told.
        tokio::select! {
            outcome = &mut work => return (outcome, true),
            told_server = target.engine.cancel(connection) => if let Err(error) = told_server {
                told.warning(format!("it could not be stopped yet: {error}"));
            }
        }
        // A cancel between two statements hits nothing.
        tokio::select! {
            outcome = &mut work => return (outcome, true),
            () = tokio::time::sleep(Duration::from_millis(CANCEL_AGAIN_MS)) => {}
        }
    }
}

/// Why work that ended in `error` did: the words of a server that was told to stop it are no cause. What was lost is lost all the same.
pub(super) fn cause(error: EngineError, is_stopped: bool) -> EngineError {
    match error {
        EngineError::Lost { .. } => error,
        _ if is_stopped => EngineError::Cancelled,
        _ => error,
    }
}
