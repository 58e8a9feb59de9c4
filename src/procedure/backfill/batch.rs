//! One batch.

use std::time::Duration;

use tokio::time::Instant;

use super::batches::Batches;
use crate::{
    engine::{
        EngineError, Session, StatementError, Words,
        bookkeeping::{backfill, lock},
        ranges::{Key, Position, Range},
    },
    procedure::{Assignment, Held, Target},
};

/// How long a stop waits for the batch under way before it cancels it.
const STOP_PATIENCE_MS: u64 = 1_000;
/// After this time a batch that goes on although it was cancelled is cancelled again.
const CANCEL_AGAIN_MS: u64 = 250;
/// How long a look for the next range may take beside a batch; who takes longer is no longer asked.
const AHEAD_MS_MAX: u64 = 1_000;

/// The next range, with the rows in it.
pub(super) struct Next {
    pub upper: Position,
    pub rows: u64,
    /// Whether no row was behind it.
    pub is_last: bool,
}

impl Batches<'_> {
    /// One batch; nothing when no row is left.
    pub(super) async fn batch(&mut self) -> Result<Option<Next>, EngineError> {
        let upcoming = self.upcoming.take().filter(|next| self.pace.suits(next.rows));
        let found = if upcoming.is_some() { upcoming } else { self.next().await? };
        let Some(next) = found else { return Ok(None) };
        let (words, epoch) = (self.words, self.held.epoch);
        let lower = self.lower.clone().unwrap_or_default();
        let range = Range { lower: &lower, from_lower: self.standing.after.is_none(), upper: Some(&next.upper) };
        let fence = lock::fence(words, epoch);
        let statement = self.key.statement(words, self.backfill, range);
        let rows = self.pace.rows();
        let advance = backfill::advance(words, self.place, epoch, &next.upper, next.rows, rows);
        failpoint!("batch.before", EngineError::fault);
        let texts: [&str; 3] = [&fence, &statement, &advance];
        let sending = async {
            let started = Instant::now();
            (send(self.target, self.told, self.held, &texts).await, started.elapsed())
        };
        let scout = self.scout.take().filter(|_| !next.is_last);
        let ((sent, took), (scout, ahead)) = tokio::join!(sending, ahead(scout, &self.key, words, &next.upper, rows));
        self.scout = scout;
        sent.map_err(|failed| self.understood(failed))?;
        failpoint!("batch.after", |fault: crate::failpoint::Fault| EngineError::Lost { reason: fault.0.to_owned() });
        tracing::debug!(batch.rows = next.rows, batch.us = took.as_micros(), "a batch is done");
        self.pace.learn(next.rows, took);
        self.made += 1;
        self.target.meters.backfilled(next.rows);
        self.standing.rows_done += next.rows;
        self.standing.after = Some(next.upper.clone());
        self.lower = Some(next.upper.clone());
        self.upcoming = ahead;
        Ok(Some(next))
    }

    /// The next range: so many rows as the pace allows, or what is left.
    pub(super) async fn next(&mut self) -> Result<Option<Next>, EngineError> {
        let Some(lower) = &self.lower else { return Ok(None) };
        let rows = self.pace.rows();
        let session = self.held.session()?;
        let rest = Range { lower, from_lower: self.standing.after.is_none(), upper: None };
        if let Some(upper) = self.key.nth(session, self.words, rest, rows).await? {
            return Ok(Some(Next { upper, rows, is_last: false }));
        }
        let Some(upper) = self.key.last(session, self.words, rest).await? else { return Ok(None) };
        let left = Range { upper: Some(&upper), ..rest };
        let rows = self.key.count(session, self.words, left).await?;
        Ok(Some(Next { upper, rows, is_last: true }))
    }
}

/// Looks for the range behind the one that is being changed, through a session of its own; that session, while it can be asked.
async fn ahead(
    scout: Option<Box<dyn Session>>,
    key: &Key,
    words: &Words,
    behind: &Position,
    rows: u64,
) -> (Option<Box<dyn Session>>, Option<Next>) {
    let Some(mut scout) = scout else { return (None, None) };
    let rest = Range { lower: behind, from_lower: false, upper: None };
    let looked = tokio::time::timeout(Duration::from_millis(AHEAD_MS_MAX), key.nth(scout.as_mut(), words, rest, rows));
    match looked.await.unwrap_or_else(|elapsed| Err(EngineError::Lost { reason: elapsed.to_string() })) {
        Ok(upper) => (Some(scout), upper.map(|upper| Next { upper, rows, is_last: false })),
        Err(error) => {
            tracing::debug!(%error, "ranges are no longer looked for beside the batches");
            (None, None)
        }
    }
}

/// Runs a batch; somebody who asks to stop waits for it, but not for long.
async fn send(target: &Target, told: &Assignment, held: &mut Held, texts: &[&str]) -> Result<(), StatementError> {
    let nowhere = |error| StatementError { index: texts.len(), committed: Some(false), error };
    let session = held.session().map_err(nowhere)?;
    let connection = session.connection_id().to_owned();
    let mut work = session.batch(texts);
    tokio::select! {
        outcome = &mut work => return outcome,
        () = stop_is_due(told) => {}
    }
    loop {
        if target.engine.cancel(&connection).await.is_err() {
            return work.await;
        }
        // A cancel between two statements hits nothing.
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(Duration::from_millis(CANCEL_AGAIN_MS)) => {}
        }
    }
}

/// Comes back once a batch under way must not be waited for any longer.
async fn stop_is_due(told: &Assignment) {
    told.stop_asked().await;
    let _ = tokio::time::timeout(Duration::from_millis(STOP_PATIENCE_MS), told.stop_now()).await;
}
