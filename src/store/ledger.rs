//! The jobs in a few figures, which outlive the process that did them.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Store, StoreError};
use crate::model::report::ValidationReport;

/// Jobs of one kind that stand alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What they do.
    pub kind: String,
    /// Where they stand.
    pub state: String,
    /// How many.
    pub jobs: i64,
    /// When the last of them ended.
    pub last_finished_at: Option<DateTime<Utc>>,
}

/// The jobs of a target in a few figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// By kind and state.
    pub tallies: Vec<Tally>,
    /// The newest report of a validation, by itself or behind a run, with its time.
    pub validation: Option<(DateTime<Utc>, ValidationReport)>,
}

impl Store {
    /// The jobs of a target in a few figures.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger(&self, target: &str) -> Result<Ledger, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, state, count(*) AS jobs, max(finished_at) AS last_finished_at FROM job WHERE target = $1 \
             GROUP BY kind, state ORDER BY kind, state",
        )
        .bind(target)
        .fetch_all(self.pool().await?)
        .await
        .map_err(|error| self.unusable(&error))?;
        let tallies = rows.iter().map(|row| {
            Ok(Tally {
                kind: row.try_get("kind")?,
                state: row.try_get("state")?,
                jobs: row.try_get("jobs")?,
                last_finished_at: row.try_get("last_finished_at")?,
            })
        });
        let tallies = tallies.collect::<Result<_, sqlx::Error>>().map_err(|error| self.shape(&error))?;
        Ok(Ledger { tallies, validation: self.newest_validation(target).await? })
    }

    async fn newest_validation(&self, target: &str) -> Result<Option<(DateTime<Utc>, ValidationReport)>, StoreError> {
        let row = sqlx::query(
            "SELECT finished_at, CASE kind WHEN 'validate' THEN result ELSE json_extract(result, '$.validation') END AS report \
             FROM job WHERE target = $1 AND finished_at IS NOT NULL \
             AND (kind = 'validate' AND result IS NOT NULL OR json_type(result, '$.validation') = 'object') \
             ORDER BY id DESC LIMIT 1",
        )
        .bind(target)
        .fetch_optional(self.pool().await?)
        .await
        .map_err(|error| self.unusable(&error))?;
        let Some(row) = row else { return Ok(None) };
        let unread = |error: sqlx::Error| self.shape(&error);
        let report: String = row.try_get("report").map_err(unread)?;
        let report = serde_json::from_str(&report).map_err(|error| self.shape(&error))?;
        Ok(Some((row.try_get("finished_at").map_err(unread)?, report)))
    }
}
