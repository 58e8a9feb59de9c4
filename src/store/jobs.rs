//! Jobs.

use std::time::Duration;

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use tokio::time::timeout;

use super::{Store, StoreError};
use crate::model::{
    job::{Job, JobId},
    order::Order,
};

/// How long the folder of the run logs may take to tell what it holds; a job is told without its file then.
const LOGS_MS_MAX: u64 = 2_000;

const COLUMNS: &str =
    "id, kind, target, state, requested_by, created_at, started_at, finished_at, progress, result, problem";

impl Store {
    /// Adds a job, within a transaction.
    pub(super) async fn insert_job(
        &self,
        connection: &mut SqliteConnection,
        job: &Job,
        order: &Order,
        key: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO job (id, kind, target, state, requested_by, created_at, started_at, finished_at, progress, \
             orders, idempotency_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(job.id.to_string())
        .bind(job.kind.as_str())
        .bind(&job.target)
        .bind(job.state.as_str())
        .bind(&job.requested_by)
        .bind(job.created_at)
        .bind(job.started_at)
        .bind(job.finished_at)
        .bind(self.json(&job.progress)?)
        .bind(self.json(order)?)
        .bind(key)
        .execute(connection)
        .await
        .map_err(|error| self.unusable(&error))?;
        Ok(())
    }

    /// Writes where a job stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn save_job(&self, job: &Job) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE job SET state = $2, started_at = $3, finished_at = $4, progress = $5, result = $6, problem = $7 WHERE id = $1",
        )
        .bind(job.id.to_string())
        .bind(job.state.as_str())
        .bind(job.started_at)
        .bind(job.finished_at)
        .bind(self.json(&job.progress)?)
        .bind(job.result.as_ref().map(ToString::to_string))
        .bind(job.problem.as_ref().map(|problem| self.json(problem)).transpose()?)
        .execute(self.pool().await?)
        .await
        .map_err(|error| self.unusable(&error))?;
        Ok(())
    }

    /// Writes down that a job's process was found gone, unless that process has told its end meanwhile. True when it was
    /// written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn save_found_gone(&self, job: &Job) -> Result<bool, StoreError> {
        let written = sqlx::query(
            "UPDATE job SET state = $2, finished_at = $3 WHERE id = $1 AND state IN ('queued', 'running', 'pausing')",
        )
        .bind(job.id.to_string())
        .bind(job.state.as_str())
        .bind(job.finished_at)
        .execute(self.pool().await?)
        .await
        .map_err(|error| self.unusable(&error))?;
        Ok(written.rows_affected() == 1)
    }

    /// The job called `id`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.jobs("WHERE id = $1 LIMIT $2", &id.to_string(), 1).await?.pop())
    }

    /// The newest jobs of a target, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest_jobs(&self, target: &str, limit: u32) -> Result<Vec<Job>, StoreError> {
        self.jobs("WHERE target = $1 ORDER BY id DESC LIMIT $2", target, limit).await
    }

    /// The jobs of a target that have not ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_jobs(&self, target: &str, limit: u32) -> Result<Vec<Job>, StoreError> {
        self.jobs("WHERE target = $1 AND state IN ('queued', 'running', 'pausing') ORDER BY id LIMIT $2", target, limit)
            .await
    }

    /// The job that came under `key`, with its order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn job_of_key(&self, key: &str) -> Result<Option<(Job, Order)>, StoreError> {
        let Some(job) = self.jobs("WHERE idempotency_key = $1 LIMIT $2", key, 1).await?.pop() else {
            return Ok(None);
        };
        let order: String = sqlx::query_scalar("SELECT orders FROM job WHERE id = $1")
            .bind(job.id.to_string())
            .fetch_one(self.pool().await?)
            .await
            .map_err(|error| self.unusable(&error))?;
        Ok(Some((job, serde_json::from_str(&order).map_err(|error| self.shape(&error))?)))
    }

    async fn jobs(&self, clause: &'static str, bound: &str, limit: u32) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM job {clause}")))
            .bind(bound)
            .bind(limit)
            .fetch_all(self.pool().await?)
            .await
            .map_err(|error| self.unusable(&error))?;
        let jobs = rows.iter().map(|row| self.job_of(row)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.with_log_files(jobs).await)
    }

    /// The jobs, each with its log file, if that is still there.
    async fn with_log_files(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        if jobs.iter().any(|job| job.kind.may_change()) {
            let logs = self.run_logs();
            let looking = tokio::task::spawn_blocking(move || logs.by_job());
            let looked = timeout(Duration::from_millis(LOGS_MS_MAX), looking).await;
            let files = looked.ok().and_then(Result::ok).unwrap_or_default();
            for job in &mut jobs {
                job.log_file = files.get(&job.id.to_string()).map(|file| file.display().to_string());
            }
        }
        jobs
    }

    fn job_of(&self, row: &SqliteRow) -> Result<Job, StoreError> {
        let unusable = |error: sqlx::Error| self.shape(&error);
        let text = |column: &str| row.try_get::<Option<String>, _>(column).map_err(unusable);
        let word = |column: &str| text(column).map(|word| serde_json::Value::String(word.unwrap_or_default()));
        let json = |column: &str| -> Result<Option<serde_json::Value>, StoreError> {
            text(column)?.map(|text| serde_json::from_str(&text).map_err(|error| self.shape(&error))).transpose()
        };
        let id: String = row.try_get("id").map_err(unusable)?;
        Ok(Job {
            id: id.parse().map_err(|error| self.shape(&error))?,
            kind: serde_json::from_value(word("kind")?).map_err(|error| self.shape(&error))?,
            target: row.try_get("target").map_err(unusable)?,
            state: serde_json::from_value(word("state")?).map_err(|error| self.shape(&error))?,
            requested_by: row.try_get("requested_by").map_err(unusable)?,
            created_at: row.try_get("created_at").map_err(unusable)?,
            started_at: row.try_get("started_at").map_err(unusable)?,
            finished_at: row.try_get("finished_at").map_err(unusable)?,
            progress: serde_json::from_value(json("progress")?.unwrap_or_default()).map_err(|e| self.shape(&e))?,
            result: json("result")?,
            problem: json("problem")?.map(serde_json::from_value).transpose().map_err(|error| self.shape(&error))?,
            log_file: None,
        })
    }

    pub(super) fn json<T: serde::Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| self.shape(&error))
    }
}
