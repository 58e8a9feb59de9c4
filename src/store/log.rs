//! Jobs' own logs, and who asked for what.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Store, StoreError};
use crate::model::status::{LogFilter, LogKind, LogLine};

/// Lines that one answer carries when nobody says how many.
const LINES_DEFAULT: u32 = 200;
/// Lines that one answer carries at most.
const LINES_MAX: u32 = 1000;
/// Lines that one INSERT carries.
const LINES_AT_ONCE_MAX: usize = 100;

/// A line to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// When.
    pub at: DateTime<Utc>,
    /// A job's own log, or the audit trail.
    pub kind: LogKind,
    /// `info`, `warning` or `error`.
    pub level: &'static str,
    /// The job it belongs to.
    pub job: Option<String>,
    /// Who asked; audit lines only.
    pub actor: Option<String>,
    /// What is told.
    pub message: String,
}

impl Store {
    /// Appends lines of jobs' own logs; nothing happens without any. The audit trail has [`Store::record`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn append(&self, lines: &[NewLine]) -> Result<(), StoreError> {
        for some in lines.chunks(LINES_AT_ONCE_MAX) {
            let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO log (at, kind, level, job, actor, message) ");
            insert.push_values(some, |mut row, line| {
                row.push_bind(line.at)
                    .push_bind(line.kind.as_str())
                    .push_bind(line.level)
                    .push_bind(line.job.as_deref())
                    .push_bind(line.actor.as_deref())
                    .push_bind(line.message.as_str());
            });
            insert.build().execute(self.pool().await?).await.map_err(|error| self.unusable(&error))?;
        }
        Ok(())
    }

    /// Lines of the log, oldest first; without `after`, the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lines(&self, filter: &LogFilter) -> Result<Vec<LogLine>, StoreError> {
        let mut select =
            QueryBuilder::<Sqlite>::new("SELECT seq, at, kind, level, job, actor, message FROM log WHERE 1 = 1");
        if let Some(kind) = filter.kind {
            select.push(" AND kind = ").push_bind(kind.as_str());
        }
        if let Some(job) = &filter.job {
            select.push(" AND job = ").push_bind(job.as_str());
        }
        if let Some(after) = filter.after {
            select.push(" AND seq > ").push_bind(after);
        }
        select.push(if filter.after.is_some() { " ORDER BY seq" } else { " ORDER BY seq DESC" });
        select.push(" LIMIT ").push_bind(filter.limit.unwrap_or(LINES_DEFAULT).min(LINES_MAX));
        let rows = select.build().fetch_all(self.pool().await?).await.map_err(|error| self.unusable(&error))?;
        let mut lines = rows
            .iter()
            .map(|row| {
                Ok(LogLine {
                    seq: row.try_get("seq")?,
                    at: row.try_get("at")?,
                    kind: if row.try_get::<String, _>("kind")? == "audit" { LogKind::Audit } else { LogKind::Job },
                    level: row.try_get("level")?,
                    job: row.try_get("job")?,
                    actor: row.try_get("actor")?,
                    message: row.try_get("message")?,
                })
            })
            .collect::<Result<Vec<_>, sqlx::Error>>()
            .map_err(|error| self.shape(&error))?;
        if filter.after.is_none() {
            lines.reverse();
        }
        Ok(lines)
    }
}
