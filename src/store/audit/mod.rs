//! The audit trail: who asked for what, and what came of it. A chain: each line is sealed together with the seal of the line
//! before, under a key that is not in the store, so that a change of any line is found, and which line is the first.
//!
//! The seals are beside the lines, in a table of their own; how far the chain goes is also written beside the store
//! (`anchor`), since a chain alone cannot tell that its end is missing. Whoever has the key can write another chain: keep
//! heads where the machine's owner cannot reach them, if that is to be found out.

mod anchor;
mod seal;
mod verify;

use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};

use super::{NewLine, Store, StoreError};
use crate::model::{audit::AuditHead, job::Job, order::Order};

pub use self::seal::AuditKey;

/// A line as it is sealed: what stands in the store, to the letter.
#[derive(Debug, PartialEq, Eq)]
struct Sealed {
    number: i64,
    seq: i64,
    at: String,
    level: String,
    job: Option<String>,
    actor: Option<String>,
    message: String,
}

/// The columns of a line, all as text, so that the seal is over what lies there and not over what a driver makes of it.
const LINE: &str = "l.seq, CAST(l.at AS TEXT) AS at, l.level, l.job, l.actor, l.message";

impl Sealed {
    fn of(number: i64, row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number,
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            level: row.try_get("level")?,
            job: row.try_get("job")?,
            actor: row.try_get("actor")?,
            message: row.try_get("message")?,
        })
    }
}

impl Store {
    /// Appends a line to the audit trail. When this comes back it is on the disk.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written, and whatever the line is about must not be done.
    pub async fn record(&self, line: &NewLine) -> Result<(), StoreError> {
        self.recorded(line, None).await
    }

    /// Adds a job with the order it came from, the key it came under, and its line in the audit trail: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError`]; also when the key is there already.
    pub async fn add_job(&self, job: &Job, order: &Order, key: Option<&str>, line: &NewLine) -> Result<(), StoreError> {
        self.recorded(line, Some((job, order, key))).await
    }

    async fn recorded(&self, line: &NewLine, job: Option<(&Job, &Order, Option<&str>)>) -> Result<(), StoreError> {
        let written = self.written(line, job).await;
        let (before, after) = written.map_err(|error| StoreError::Unrecorded { reason: error.to_string() })?;
        self.move_anchor(&before, &after).await;
        Ok(())
    }

    async fn written(
        &self,
        line: &NewLine,
        job: Option<(&Job, &Order, Option<&str>)>,
    ) -> Result<(AuditHead, AuditHead), StoreError> {
        let unusable = |error: sqlx::Error| self.unusable(&error);
        let key = self.audit_key().await?;
        let mut connection = self.pool().await?.acquire().await.map_err(unusable)?;
        // The trail outlives a power cut, which the rest need not: the truth about the target is in the target.
        run(&mut connection, "PRAGMA synchronous = FULL").await.map_err(unusable)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(unusable)?;
        let heads = self.append_sealed(&mut transaction, &key, line, job).await?;
        transaction.commit().await.map_err(unusable)?;
        // It is done: what fails from here on is told, and undoes nothing.
        if let Err(error) = run(&mut connection, "PRAGMA synchronous = NORMAL").await {
            tracing::warn!(%error, "the control store goes on with every write on the disk at once, which is slower");
        }
        Ok(heads)
    }

    /// Seals the lines of a release that had no seals. Nothing happens where there are seals, or once were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seal_earlier_lines(&self) -> Result<(), StoreError> {
        let unusable = |error: sqlx::Error| self.unusable(&error);
        let key = self.audit_key().await?;
        let mut connection = self.pool().await?.acquire().await.map_err(unusable)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(unusable)?;
        if head(&mut transaction).await.map_err(unusable)?.is_some() {
            return Ok(());
        }
        let head = self.seal_what_is_there(&mut transaction, &key).await?;
        transaction.commit().await.map_err(unusable)?;
        drop(connection);
        if head.number > 0 {
            self.move_anchor(&head, &head).await;
        }
        Ok(())
    }

    /// Within a transaction: the job, the line, the seal. Gives the head before and after.
    async fn append_sealed(
        &self,
        connection: &mut SqliteConnection,
        key: &AuditKey,
        line: &NewLine,
        job: Option<(&Job, &Order, Option<&str>)>,
    ) -> Result<(AuditHead, AuditHead), StoreError> {
        if let Some((job, order, name)) = job {
            self.insert_job(connection, job, order, name).await?;
        }
        let unusable = |error: sqlx::Error| self.unusable(&error);
        let before = match head(connection).await.map_err(unusable)? {
            Some(head) => head,
            None => self.seal_what_is_there(connection, key).await?,
        };
        sqlx::query("INSERT INTO log (at, kind, level, job, actor, message) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(line.at)
            .bind(line.kind.as_str())
            .bind(line.level)
            .bind(line.job.as_deref())
            .bind(line.actor.as_deref())
            .bind(line.message.as_str())
            .execute(&mut *connection)
            .await
            .map_err(unusable)?;
        let text = format!("SELECT {LINE} FROM log AS l WHERE l.seq = last_insert_rowid()");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(&mut *connection).await.map_err(unusable)?;
        let sealed = Sealed::of(before.number + 1, &row).map_err(unusable)?;
        let after = seal(connection, key, &before, &sealed).await.map_err(unusable)?;
        Ok((before, after))
    }

    /// The lines of a store that has no seals yet: of a release before there were any. Once there is an anchor, a store
    /// without seals has lost them, and is not given new ones.
    async fn seal_what_is_there(
        &self,
        connection: &mut SqliteConnection,
        key: &AuditKey,
    ) -> Result<AuditHead, StoreError> {
        let mut head = AuditHead::genesis();
        if self.anchor().await?.is_some() {
            return Ok(head);
        }
        let text = format!("SELECT {LINE} FROM log AS l WHERE l.kind = 'audit' ORDER BY l.seq");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut *connection).await;
        for row in rows.map_err(|error| self.unusable(&error))? {
            let sealed = Sealed::of(head.number + 1, &row).map_err(|error| self.shape(&error))?;
            head = seal(connection, key, &head, &sealed).await.map_err(|error| self.unusable(&error))?;
        }
        Ok(head)
    }

    /// The newest seal; `None` while there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        let mut connection = self.pool().await?.acquire().await.map_err(|error| self.unusable(&error))?;
        head(&mut connection).await.map_err(|error| self.unusable(&error))
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(connection).await.map(drop)
}

async fn head(connection: &mut SqliteConnection) -> Result<Option<AuditHead>, sqlx::Error> {
    let row =
        sqlx::query("SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1").fetch_optional(connection).await?;
    row.map(|row| Ok(AuditHead { number: row.try_get("number")?, mac: row.try_get("mac")? })).transpose()
}

async fn seal(
    connection: &mut SqliteConnection,
    key: &AuditKey,
    before: &AuditHead,
    line: &Sealed,
) -> Result<AuditHead, sqlx::Error> {
    let mac = key.seal(&before.mac, line);
    sqlx::query("INSERT INTO audit (number, line, before, mac) VALUES ($1, $2, $3, $4)")
        .bind(line.number)
        .bind(line.seq)
        .bind(&before.mac)
        .bind(&mac)
        .execute(connection)
        .await?;
    Ok(AuditHead { number: line.number, mac })
}
