//! A batch failed: how far the backfill really is, and whether it goes on.

use std::time::Duration;

use super::batches::Batches;
use crate::{
    engine::{EngineError, StatementError, bookkeeping::backfill},
    procedure::apply::{self, Failed, Left},
};

/// So many times in a row a batch may fail by what may pass.
const FAILURES_MAX: u32 = 30;
/// The first wait after such a failure; it doubles up to the other.
const WAIT_MS_MIN: u64 = 50;
/// How often it doubles.
const WAIT_DOUBLINGS_MAX: u32 = 6;
/// The longest wait after such a failure.
const WAIT_MS_MAX: u64 = 2_000;

impl Batches<'_> {
    /// The fence is the first statement; what it was refused for, but for a wait, has one meaning.
    pub(super) fn understood(&self, failed: StatementError) -> EngineError {
        if self.may_pass(&failed.error) { failed.error } else { apply::fenced(failed, self.held.epoch) }
    }

    /// Whether the same batch, or a smaller one, may succeed a little later.
    fn may_pass(&self, error: &EngineError) -> bool {
        match error {
            EngineError::Refused { code, .. } => self.words.passing.contains(&code.as_str()),
            EngineError::Blocked { .. } | EngineError::TimedOut(_) | EngineError::Lost { .. } => true,
            _ => false,
        }
    }

    /// After an error: reads how far it really is, and goes on where that can help.
    pub(super) async fn after(&mut self, error: EngineError) -> Result<(), Failed> {
        if let Err(unreadable) = self.read_again().await {
            self.told.warning(format!("how far the backfill is could not be read: {unreadable}"));
            let error = if matches!(unreadable, EngineError::Fenced { .. }) { unreadable } else { error };
            return Err(Failed { statement: Some(self.statement()), error, left: Left::Unknown });
        }
        if self.told.is_stopping() {
            return Err(self.failed(EngineError::Cancelled));
        }
        self.failures += 1;
        if !self.may_pass(&error) || self.failures > FAILURES_MAX {
            return Err(self.failed(error));
        }
        self.pace.halve();
        self.told.warning(format!("a batch failed, and is tried again with {} rows: {error}", self.pace.rows()));
        self.told.progress.update(|progress| progress.waiting_for = Some(error.to_string()));
        let wait = WAIT_MS_MAX.min(WAIT_MS_MIN << self.failures.min(WAIT_DOUBLINGS_MAX));
        self.told.rest(Duration::from_millis(wait)).await;
        Ok(())
    }

    /// Reads where the backfill stands; a lost session is replaced first.
    async fn read_again(&mut self) -> Result<(), EngineError> {
        let (run, seq) = (self.change.run, self.change.seq);
        let read = match self.held.session() {
            Ok(session) => backfill::standing(session, run, seq).await,
            Err(lost) => Err(lost),
        };
        let standing = if let Ok(standing) = read {
            standing
        } else {
            self.held.replace(self.target, self.told).await?;
            self.held.limit(super::limits(self.target, self.change.migration)).await?;
            backfill::standing(self.held.session()?, run, seq).await?
        };
        if let Some(standing) = standing {
            self.lower = standing.after.clone().or_else(|| self.lower.take());
            self.target.meters.backfilled(standing.rows_done.saturating_sub(self.standing.rows_done));
            self.standing = standing;
        }
        Ok(())
    }
}
