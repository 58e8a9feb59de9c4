//! Batch after batch, to the end of the table.

use std::time::Duration;

use tokio::time::Instant;

use super::{batch::Next, key, pace::Pace, place};
use crate::{
    engine::{
        EngineError, Session, Words,
        bookkeeping::{
            backfill::{self, Standing},
            journal::Place,
        },
        ranges::{Key, Position},
    },
    model::backfill::Backfill,
    procedure::{
        Assignment, Held, Target,
        apply::{Change, Failed, Left},
        course,
        migrate::ms_since,
    },
};

/// Up to so many rows a table is counted; beyond that the server's estimate is taken.
const COUNTED_ROWS_MAX: u64 = 100_000;

/// A backfill on its way.
pub(super) struct Batches<'a> {
    pub target: &'a Target,
    pub told: &'a Assignment,
    pub held: &'a mut Held,
    pub change: &'a Change<'a>,
    pub backfill: &'a Backfill,
    pub words: &'static Words,
    pub place: Place,
    pub key: Key,
    /// The lower end of what is left; `None` when the table was empty.
    pub lower: Option<Position>,
    /// The next range, when it was looked for already.
    pub upcoming: Option<Next>,
    /// Whether the next range may be looked for early: after a rest it may hold other rows.
    looks_ahead: bool,
    /// A session that looks for the next range while a batch is at work, where neither keeps the other waiting.
    pub scout: Option<Box<dyn Session>>,
    /// How far it has come, as its row says.
    pub standing: Standing,
    pub pace: Pace,
    /// How many this process has made.
    pub made: u64,
    /// How many in a row have failed.
    pub failures: u32,
    /// Since when, and behind how many rows, this process is at work.
    began: (Instant, u64),
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
        let (words, at, epoch) = (target.engine.words(), place(change), held.epoch);
        let unknown = |error| Failed { statement: None, error, left: Left::Unknown };
        held.limit(super::limits(target, change.migration)).await.map_err(unknown)?;
        let session = held.session().map_err(unknown)?;
        let mut standing =
            backfill::standing(session, change.run, change.seq).await.map_err(unknown)?.unwrap_or_default();
        let rows_done = standing.rows_done;
        let failed = |error| failed(backfill, error, rows_done);
        let key = key::of(session, words, backfill).await.map_err(failed)?;
        failpoint!("batch.prepare", |fault| unknown(EngineError::fault(fault)));
        if standing.after.is_none() {
            standing.rows_total = rows_in(session, &key, backfill).await.map_err(failed)?;
            backfill::set_out(session, words, at, backfill, standing.rows_total, epoch).await.map_err(failed)?;
        }
        let lower = match standing.after.clone() {
            Some(after) => Some(after),
            None => key.first(session).await.map_err(failed)?,
        };
        let first = Some(standing.batch_rows).filter(|rows| *rows > 0).or(backfill.batch);
        let pace = Pace::new(&target.config.backfill, first);
        let looks_ahead = pace.is_free() && target.config.backfill.health_query.is_none();
        // Where there is a breath, it is looked for then.
        let has_scout = looks_ahead && words.breath_ms == 0;
        let scout = if has_scout { target.engine.open_to_read().await.ok() } else { None };
        let began = (Instant::now(), rows_done);
        let (made, failures) = (0, 0);
        Ok(Self {
            target,
            told,
            held,
            change,
            backfill,
            words,
            place: at,
            key,
            lower,
            upcoming: None,
            looks_ahead,
            scout,
            standing,
            pace,
            made,
            failures,
            began,
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
        course::by_itself(self.told, &self.backfill.place(), &self.backfill.sql);
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
                    self.breathe(self.pace.rest(rows, started.elapsed())).await;
                }
                Ok(None) => break,
                Err(error) => self.after(error).await?,
            }
        }
        self.tell();
        if let Some(scout) = self.scout.take() {
            scout.close().await;
        }
        let (began, behind) = self.began;
        self.told.info(format!(
            "backfill of {}: {} rows in {} batches, {} ms",
            self.backfill.table,
            self.standing.rows_done - behind,
            self.made,
            ms_since(began)
        ));
        Ok(self.standing.rows_done)
    }

    /// Lets others at the table: for so long, or for a moment where the engine has nobody wait in a queue. The next range is looked
    /// for in that moment: a reader of SQLite keeps nobody from writing in WAL mode, and in the others from no more than the commit.
    async fn breathe(&mut self, rest: Duration) {
        let (breath, began) = (Duration::from_millis(self.words.breath_ms), Instant::now());
        if self.looks_ahead && !breath.is_zero() {
            // What fails here fails again where it is understood.
            self.upcoming = self.next().await.unwrap_or_default();
        }
        self.told.rest(rest.max(breath).saturating_sub(began.elapsed())).await;
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

    pub fn statement(&self) -> (String, String) {
        (self.backfill.place(), self.backfill.sql.clone())
    }

    pub fn failed(&self, error: EngineError) -> Failed {
        failed(self.backfill, error, self.standing.rows_done)
    }
}

fn failed(backfill: &Backfill, error: EngineError, rows_done: u64) -> Failed {
    let statement = Some((backfill.place(), backfill.sql.clone()));
    Failed { statement, error, left: Left::Backfill { rows_done } }
}

/// The rows of the table: counted, unless that would take its time.
async fn rows_in(session: &mut dyn Session, key: &Key, backfill: &Backfill) -> Result<u64, EngineError> {
    let names = [backfill.table.rsplit('.').next().unwrap_or_default().to_owned()];
    let schema = session.schema(Some(&names)).await?;
    match schema.tables.values().map(|table| table.rows_estimate).max() {
        Some(estimate) if estimate > COUNTED_ROWS_MAX => Ok(estimate),
        _ => key.count_all(session).await,
    }
}
