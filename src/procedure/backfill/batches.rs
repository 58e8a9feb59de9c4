//! Batch after batch, to the end of the table.

use std::time::Duration;

use tokio::time::Instant;

use super::{lost, pace::Pace, place};
use crate::{
    engine::{
        EngineError, StatementError, Words,
        bookkeeping::{
            backfill::{self, Standing},
            journal::Place,
            lock,
        },
        ranges::{self, Key, Position, Range},
    },
    model::backfill::{Backfill, TableKey},
    procedure::{
        Assignment, Held, Target,
        apply::{self, Change, Failed, Left},
        migrate::ms_since,
    },
};

/// How long a stop waits for the batch under way before it cancels it.
const STOP_PATIENCE_MS: u64 = 1_000;
/// After this time a batch that goes on although it was cancelled is cancelled again.
const CANCEL_AGAIN_MS: u64 = 250;
/// So many times in a row a batch may fail by what may pass.
const FAILURES_MAX: u32 = 12;
/// The first wait after such a failure; it doubles up to the other.
const WAIT_MS_MIN: u64 = 50;
/// The longest wait after such a failure.
const WAIT_MS_MAX: u64 = 2_000;
/// How often the health query is asked again.
const HEALTH_MS: u64 = 500;
/// Up to so many rows a table is counted; beyond that the server's estimate is taken.
const COUNTED_ROWS_MAX: u64 = 1_000_000;

/// A backfill on its way.
pub(super) struct Batches<'a> {
    target: &'a Target,
    told: &'a Assignment,
    held: &'a mut Held,
    change: &'a Change<'a>,
    backfill: &'a Backfill,
    words: &'static Words,
    place: Place,
    key: Key,
    /// The lower end of what is left; `None` when the table was empty.
    lower: Option<Position>,
    /// Where the rows behind it are known to be.
    standing: Standing,
    pace: Pace,
    /// Since when, and behind how many rows, this process is at work.
    began: (Instant, u64),
    batches: u64,
    /// In a row.
    failures: u32,
}

/// The next range, with the rows in it.
struct Next {
    upper: Position,
    rows: u64,
    /// Whether no row was behind it.
    is_last: bool,
}

impl<'a> Batches<'a> {
    /// Looks for the key, and where the backfill goes on.
    pub async fn prepare(
        target: &'a Target,
        told: &'a Assignment,
        held: &'a mut Held,
        change: &'a Change<'a>,
        backfill: &'a Backfill,
    ) -> Result<Self, Failed> {
        let words = target.engine.words();
        let place = place(change);
        let session = held.session().map_err(lost)?;
        let standing = backfill::standing(session, change.run, change.seq).await.map_err(lost)?;
        let Some(mut standing) = standing else {
            return Err(lost(EngineError::Lost { reason: "its row in windlass_backfill is gone".to_owned() }));
        };
        let rows_done = standing.rows_done;
        let failed = |error| failed(backfill, error, rows_done);
        let key = key_of(session, words, backfill).await.map_err(failed)?;
        if standing.rows_total == 0 || standing.after.is_none() {
            let names = [backfill.table.rsplit('.').next().unwrap_or_default().to_owned()];
            let schema = session.schema(Some(&names)).await.map_err(failed)?;
            let estimate = schema.tables.values().map(|table| table.rows_estimate).max().unwrap_or_default();
            let is_large = estimate > COUNTED_ROWS_MAX;
            standing.rows_total = if is_large { estimate } else { key.count_all(session).await.map_err(failed)? };
            backfill::set_out(session, words, place, backfill, standing.rows_total).await.map_err(failed)?;
        }
        let lower = match standing.after.clone() {
            Some(after) => Some(after),
            None => key.first(session).await.map_err(failed)?,
        };
        let first = Some(standing.batch_rows).filter(|rows| *rows > 0).or(backfill.batch);
        let pace = Pace::new(&target.config.backfill, first);
        let began = (Instant::now(), rows_done);
        Ok(Self {
            target,
            told,
            held,
            change,
            backfill,
            words,
            place,
            key,
            lower,
            standing,
            pace,
            began,
            batches: 0,
            failures: 0,
        })
    }

    /// Batch after batch, to the end.
    pub async fn run(mut self) -> Result<u64, Failed> {
        self.told.info(format!(
            "backfill of {} by {}: {} of about {} rows are done",
            self.backfill.table,
            self.backfill.key_in_words(),
            self.standing.rows_done,
            self.standing.rows_total
        ));
        loop {
            self.tell();
            self.wait_for_health().await?;
            if self.told.is_stopping() {
                return Err(self.failed(EngineError::Cancelled));
            }
            let started = Instant::now();
            match self.batch().await {
                Ok(Some(Next { rows, is_last, .. })) => {
                    self.failures = 0;
                    self.told.progress.update(|progress| progress.waiting_for = None);
                    if is_last {
                        break;
                    }
                    let breath = Duration::from_millis(self.words.breath_ms);
                    self.told.rest(self.pace.rest(rows, started.elapsed()).max(breath)).await;
                }
                Ok(None) => break,
                Err(error) => self.after(error).await?,
            }
        }
        self.tell();
        let (began, behind) = self.began;
        self.told.info(format!(
            "backfill of {}: {} rows in {} batches, {} ms",
            self.backfill.table,
            self.standing.rows_done - behind,
            self.batches,
            ms_since(began)
        ));
        Ok(self.standing.rows_done)
    }

    /// One batch; nothing when no row is left.
    async fn batch(&mut self) -> Result<Option<Next>, EngineError> {
        let Some(next) = self.next().await? else { return Ok(None) };
        let (words, epoch) = (self.words, self.held.epoch);
        let lower = self.lower.clone().unwrap_or_default();
        let range = Range { lower: &lower, from_lower: self.standing.after.is_none(), upper: Some(&next.upper) };
        let fence = lock::fence(words, epoch);
        let statement = self.key.statement(words, self.backfill, range);
        let rows = self.pace.rows();
        let advance = backfill::advance(words, self.place, epoch, &next.upper, next.rows, rows);
        let started = Instant::now();
        let sent = self.send(&[&fence, &statement, &advance]).await;
        sent.map_err(|failed| self.understood(failed))?;
        self.pace.learn(next.rows, started.elapsed());
        self.batches += 1;
        self.standing.rows_done += next.rows;
        self.standing.after = Some(next.upper.clone());
        self.lower = Some(next.upper.clone());
        Ok(Some(next))
    }

    /// The next range: so many rows as the pace allows, or what is left.
    async fn next(&mut self) -> Result<Option<Next>, EngineError> {
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

    /// Runs a batch; somebody who asks to stop waits for it, but not for long.
    async fn send(&mut self, texts: &[&str]) -> Result<(), StatementError> {
        let (target, told) = (self.target, self.told);
        let nowhere = |error| StatementError { index: texts.len(), committed: Some(false), error };
        let session = self.held.session().map_err(nowhere)?;
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

    /// The fence is the first statement; what it was refused for, but for a wait, has one meaning.
    fn understood(&self, failed: StatementError) -> EngineError {
        if self.may_pass(&failed.error) { failed.error } else { apply::fenced(failed, self.held.epoch) }
    }

    /// Whether the same batch, or a smaller one, may succeed a little later.
    fn may_pass(&self, error: &EngineError) -> bool {
        match error {
            EngineError::Refused { code, .. } => self.words.passing.contains(&code.as_str()),
            EngineError::TimedOut(_) | EngineError::Lost { .. } => true,
            _ => false,
        }
    }

    /// After an error: reads how far it really is, and goes on where that can help.
    async fn after(&mut self, error: EngineError) -> Result<(), Failed> {
        if let Err(unreadable) = self.read_again().await {
            self.told.warning(format!("how far the backfill is could not be read: {unreadable}"));
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
        let wait = WAIT_MS_MAX.min(WAIT_MS_MIN << self.failures);
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
            self.held.limit(apply::limits(self.target, self.change.migration)).await?;
            backfill::standing(self.held.session()?, run, seq).await?
        };
        if let Some(standing) = standing {
            self.lower = standing.after.clone().or_else(|| self.lower.take());
            self.standing = standing;
        }
        Ok(())
    }

    /// Waits while the health query answers more than it should.
    async fn wait_for_health(&mut self) -> Result<(), Failed> {
        let settings = &self.target.config.backfill;
        let Some(query) = &settings.health_query else { return Ok(()) };
        let query = query.trim().trim_end_matches(';');
        let sql = format!("SELECT CASE WHEN ({query}) > {} THEN 1 ELSE 0 END", settings.health_max);
        while !self.told.is_stopping() {
            let answer = match self.held.session() {
                Ok(session) => session.query(&sql, &[]).await,
                Err(lost) => Err(lost),
            };
            let is_high = answer.and_then(|rows| rows.first().map_or(Ok(None), |row| row.int(0)));
            match is_high {
                Ok(Some(1)) => {}
                Ok(_) => break,
                Err(EngineError::Lost { .. }) => break, // the batch finds out, too, and mends it
                Err(error) => {
                    let statement = Some(("backfill.health_query".to_owned(), query.to_owned()));
                    return Err(Failed { statement, ..self.failed(error) });
                }
            }
            let waits = format!("backfill.health_query to answer {} or less", settings.health_max);
            self.told.progress.update(|progress| progress.waiting_for = Some(waits));
            self.told.rest(Duration::from_millis(HEALTH_MS)).await;
        }
        self.told.progress.update(|progress| progress.waiting_for = None);
        Ok(())
    }

    /// Tells how far it is.
    #[expect(clippy::cast_precision_loss, reason = "a rate and a percentage")]
    fn tell(&self) {
        let (began, behind) = self.began;
        let done = self.standing.rows_done;
        let total = self.standing.rows_total.max(done);
        let since = done.saturating_sub(behind) as f64;
        let rate = (since > 0.0).then(|| since / began.elapsed().as_secs_f64().max(f64::EPSILON));
        self.told.progress.update(|progress| {
            progress.statement = Some(self.backfill.place());
            (progress.rows_done, progress.rows_total, progress.rate) = (Some(done), Some(total), rate);
            progress.count_part(done as f64 / total.max(1) as f64);
        });
    }

    fn statement(&self) -> (String, String) {
        (self.backfill.place(), self.backfill.sql.clone())
    }

    fn failed(&self, error: EngineError) -> Failed {
        failed(self.backfill, error, self.standing.rows_done)
    }
}

fn failed(backfill: &Backfill, error: EngineError, rows_done: u64) -> Failed {
    let statement = Some((backfill.place(), backfill.sql.clone()));
    Failed { statement, error, left: Left::Backfill { rows_done } }
}

/// The key that a backfill goes by.
async fn key_of(
    session: &mut dyn crate::engine::Session,
    words: &Words,
    backfill: &Backfill,
) -> Result<Key, EngineError> {
    let keys = ranges::keys(session, words, &backfill.table).await?;
    let facts: Option<Vec<TableKey>> = keys.as_ref().map(|keys| keys.iter().map(Key::fact).collect());
    let chosen = backfill.choose(facts.as_deref());
    let unfit = |no: crate::model::backfill::NoKey| EngineError::Unfit { message: no.message, remedy: no.remedy };
    let key = keys.unwrap_or_default().swap_remove(chosen.map_err(unfit)?);
    match key.with_null(session).await? {
        None => Ok(key),
        Some(column) => Err(EngineError::Unfit {
            message: format!("{} has rows without a value in {column}, which no range holds", backfill.table),
            remedy: "give them one in up.sql, or cut the table by another unique key".to_owned(),
        }),
    }
}

/// Comes back once a batch under way must not be waited for any longer.
async fn stop_is_due(told: &Assignment) {
    told.stop_asked().await;
    let _ = tokio::time::timeout(Duration::from_millis(STOP_PATIENCE_MS), told.stop_now()).await;
}
