//! How many rows a batch has, and how long it rests afterwards.

use std::time::Duration;

use crate::{config::Backfill as Settings, model::backfill::BATCH_ROWS_MAX};

/// Rows of the first batch, when nobody told.
const ROWS_FIRST: u64 = 500;

/// How many times larger than the last a batch may be: of a small one, most of the time is the commit.
const LARGER_MAX: f64 = 16.0;
/// How many times smaller.
const SMALLER_MAX: f64 = 4.0;

/// Among how many batches the rows of a second are shared out, where they are limited.
const BATCHES_PER_SECOND: u64 = 10;

/// How many rows a batch has.
#[derive(Debug)]
pub(super) struct Pace {
    rows: u64,
    rows_max: u64,
    target: Duration,
    /// At most so many rows a second.
    limit: Option<u64>,
}

impl Pace {
    /// Begins with batches of `first` rows.
    pub fn new(settings: &Settings, first: Option<u64>) -> Self {
        let limit = Some(settings.max_rows_per_second).filter(|limit| *limit > 0);
        let rows_max = limit.map_or(BATCH_ROWS_MAX, |limit| (limit / BATCHES_PER_SECOND).clamp(1, BATCH_ROWS_MAX));
        let rows = first.unwrap_or(ROWS_FIRST).clamp(1, rows_max);
        Self { rows, rows_max, target: Duration::from_millis(settings.target_ms), limit }
    }

    /// How many rows the next batch has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether a batch of so many rows, which was cut out before the last one was done, is still about as large as it should be.
    pub fn suits(&self, rows: u64) -> bool {
        (self.rows / 2..=self.rows.saturating_mul(2)).contains(&rows)
    }

    /// Whether nobody limits the rows of a second.
    pub fn is_free(&self) -> bool {
        self.limit.is_none()
    }

    /// A batch of so many rows took so long. One that was far from full says nothing.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    pub fn learn(&mut self, rows: u64, took: Duration) {
        if rows < self.rows / 2 {
            return;
        }
        let step = self.target.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON);
        let wanted = rows as f64 * step.clamp(1.0 / SMALLER_MAX, LARGER_MAX);
        self.rows = (wanted as u64).clamp(1, self.rows_max);
    }

    /// A batch was too much.
    pub fn halve(&mut self) {
        self.rows = (self.rows / 2).max(1);
    }

    /// How long to rest after a batch of so many rows that took so long, for the sake of the limit.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn rest(&self, rows: u64, took: Duration) -> Duration {
        let due = self.limit.map_or(0.0, |limit| rows as f64 / limit as f64);
        Duration::from_secs_f64(due).saturating_sub(took)
    }
}
