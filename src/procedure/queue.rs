//! The queue for a lock of the database. Whoever waits in it keeps others waiting behind it, so nobody stays there for
//! long: a statement waits for `run.lock_timeout`, leaves, and comes again.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use ulid::Ulid;

use super::{Assignment, Held, Target};
use crate::{
    engine::{
        EngineError, Limits,
        bookkeeping::journal::{self, Place},
    },
    model::migration::{Migration, Statement, StatementKind},
};

/// The shortest rest between two tries: those who waited behind get through.
const REST_MS_MIN: u64 = 500;
/// So much is added at random, lest two who wait meet again and again.
const REST_MS_MORE: u64 = 1_000;

/// What the server limits for a migration; without one, for our own statements.
pub(super) fn limits(target: &Target, migration: Option<&Migration>) -> Limits {
    let run = &target.config.run;
    let longest = Some(ms(run.statement_timeout)).filter(|&limit| limit > 0);
    Limits {
        lock_timeout_ms: migration.and_then(|own| own.lock_timeout_ms).or(Some(ms(run.lock_timeout))),
        statement_timeout_ms: migration.and_then(|own| own.statement_timeout_ms).or(longest),
    }
}

/// The same for one statement: in a queue where others get past it, it may stay as long as all tries together take.
pub(super) fn limits_of(target: &Target, migration: &Migration, statement: &Statement) -> Limits {
    let limits = limits(target, Some(migration));
    let is_alone = statement.kind == StatementKind::OutsideTransaction;
    if !is_alone || !target.engine.lets_others_pass(&statement.sql) {
        return limits;
    }
    let all = ms(target.config.run.lock_retry);
    Limits { lock_timeout_ms: limits.lock_timeout_ms.map(|one| one.max(all)), ..limits }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The tries of one statement, or of one transaction.
pub(super) struct Queue {
    until: Instant,
    tries: u32,
    /// Who was in the way of an earlier try.
    seen: Option<String>,
}

impl Queue {
    /// None was made yet.
    pub(super) fn of(target: &Target) -> Self {
        Self { until: Instant::now() + target.config.run.lock_retry, tries: 1, seen: None }
    }

    /// After a try that failed with `error` and left nothing: whether another may be made, once others have got through.
    /// When it may not, the error names who is in the way.
    pub(super) async fn again(&mut self, told: &Assignment, held: &mut Held, error: &mut EngineError) -> bool {
        let EngineError::Blocked { message, holder, .. } = error else { return false };
        let seen = held.in_the_way().or_else(|| self.seen.take());
        if told.is_stopping() {
            *error = EngineError::Cancelled;
            return false;
        }
        if Instant::now() >= self.until {
            *holder = seen;
            return false;
        }
        self.tries += 1;
        self.seen.clone_from(&seen);
        let who = seen.unwrap_or_else(|| message.clone());
        told.warning(format!("a lock was not given, so try {} follows; in the way: {who}", self.tries));
        held.is_resting(true);
        told.progress.update(|progress| progress.waiting_for = Some(who));
        tokio::select! {
            () = sleep(rest()) => {}
            () = told.stop_asked() => {}
        }
        told.progress.update(|progress| progress.waiting_for = None);
        held.is_resting(false);
        if told.is_stopping() {
            *error = EngineError::Cancelled;
            return false;
        }
        true
    }
}

fn rest() -> Duration {
    let chance = u64::try_from(Ulid::generate().random() % u128::from(REST_MS_MORE)).unwrap_or_default();
    Duration::from_millis(REST_MS_MIN + chance)
}

/// Runs a statement of our own by itself, and again while a lock is not given.
///
/// # Errors
/// The server's; [`EngineError::Cancelled`] when it was stopped while it waited for a lock.
pub(super) async fn execute(target: &Target, told: &Assignment, held: &mut Held, sql: &str) -> Result<(), EngineError> {
    let mut queue = Queue::of(target);
    loop {
        let Err(failed) = held.session()?.execute(sql).await else { return Ok(()) };
        let mut error = failed.error;
        if !queue.again(told, held, &mut error).await {
            return Err(error);
        }
    }
}

/// Whether nothing of a statement is in the journal.
pub(super) async fn is_untouched(held: &mut Held, place: Place) -> bool {
    let Ok(session) = held.session() else { return false };
    match journal::of_migration(session, place).await {
        Ok(found) => found.is_none_or(|found| found.statement < place.statement),
        Err(_) => false,
    }
}
