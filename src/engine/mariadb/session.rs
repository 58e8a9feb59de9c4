//! One connection, and what is run over it.

use std::{collections::BTreeMap, future::Future, time::Duration};

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, Connection, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlDatabaseError},
};
use tokio::time::timeout;

use super::{MARIADB, broken, content, introspect, rows, transact, watch};
use crate::{
    engine::{EngineError, Limits, Owner, Row, Server, Session, StatementError, Value},
    model::{schema::Schema, snapshot::TableDigest},
};

/// How long one of our own statements may take, its wait for a lock included.
pub(super) const OWN_S_MAX: u64 = 60;

/// How long one statement that reads a whole table may take.
pub(super) const SCAN_S_MAX: u64 = 4 * 60 * 60;

/// How much later than the server's own limit we give up on its answer.
const GRACE_S: u64 = 30;

/// How long a goodbye may take.
const GOODBYE_MS_MAX: u64 = 1_000;

/// The longest wait that both servers accept, one year (MariaDB manual, "`lock_wait_timeout`").
const WAIT_S_MAX: u64 = 31_536_000;

/// The server ended the session: shutdown, KILL, idle too long (MariaDB and MySQL manuals, "Error Codes").
const SESSION_ENDED: [u16; 5] = [1053, 1927, 3169, 4031, 1080];

/// A lock was not given: in time, or because of a deadlock (same place).
const NOT_GIVEN: [u16; 2] = [1205, 1213];

/// A session.
pub(super) struct MariaSession {
    pub(super) connection: MySqlConnection,
    pub(super) options: MySqlConnectOptions,
    server: Server,
    pub(super) id: String,
    pub(super) database: String,
    pub(super) lock: String,
    pub(super) held: bool,
    pub(super) deadline: Option<Duration>,
    lost: Option<String>,
}

impl MariaSession {
    pub(super) fn over(
        connection: MySqlConnection,
        options: MySqlConnectOptions,
        server: Server,
        id: String,
        database: String,
        lock: String,
    ) -> Self {
        Self { connection, options, server, id, database, lock, held: false, deadline: None, lost: None }
    }

    /// Asks, with the deadline and the reading of errors that every statement has.
    pub(super) async fn rows(&mut self, sql: &str, binds: &[Value], limit_s: u64) -> Result<Vec<Row>, EngineError> {
        self.must_be_there()?;
        let limit = Duration::from_secs(limit_s);
        // The text protocol takes every SHOW; a prepared statement does not (MySQL manual, "SQL Syntax Permitted in
        // Prepared Statements").
        let answer = if binds.is_empty() {
            let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.connection);
            answered(query, limit).await
        } else {
            let query = rows::bound(sql, binds).fetch_all(&mut self.connection);
            answered(query, limit).await
        };
        self.noted(answer)?.iter().map(rows::read).collect()
    }

    /// Runs one text by the text protocol, and reads every result it gives.
    pub(super) async fn text(&mut self, sql: &str, limit: Option<Duration>) -> Result<u64, EngineError> {
        self.must_be_there()?;
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection);
        let answer = match limit {
            Some(limit) => answered(query, limit).await,
            None => watch::watched(&self.options, &self.id, query).await,
        };
        self.noted(answer).map(|done| done.rows_affected())
    }

    pub(super) fn must_be_there(&self) -> Result<(), EngineError> {
        self.lost.as_ref().map_or(Ok(()), |reason| Err(EngineError::Lost { reason: reason.clone() }))
    }

    /// Remembers that the connection is gone. An answer that did not come in time would be taken for the next one's, so
    /// that connection is not used again either.
    pub(super) fn noted<T>(&mut self, answer: Result<T, EngineError>) -> Result<T, EngineError> {
        match &answer {
            Err(EngineError::Lost { reason }) => self.lost = Some(reason.clone()),
            Err(error @ EngineError::TimedOut(_)) => {
                self.lost = Some(error.to_string());
                // The server does not see that nobody waits any more, and would go on.
                watch::end(&self.options, &self.id);
            }
            _ => {}
        }
        answer
    }

    fn limits_sql(&self, limits: Limits) -> String {
        let seconds =
            |ms: Option<u64>| ms.map_or("DEFAULT".to_owned(), |ms| ms.div_ceil(1_000).clamp(1, WAIT_S_MAX).to_string());
        let wait = seconds(limits.lock_timeout_ms);
        let statement = match (self.server.product, limits.statement_timeout_ms) {
            (MARIADB, None) => "max_statement_time = DEFAULT".to_owned(),
            (MARIADB, Some(ms)) => {
                let ms = ms.clamp(1, WAIT_S_MAX * 1_000);
                format!("max_statement_time = {}.{:03}", ms / 1_000, ms % 1_000)
            }
            (_, None) => "max_execution_time = DEFAULT".to_owned(),
            (_, Some(ms)) => format!("max_execution_time = {}", ms.clamp(1, u64::from(u32::MAX))),
        };
        format!("SET SESSION lock_wait_timeout = {wait}, innodb_lock_wait_timeout = {wait}, {statement}")
    }
}

#[async_trait]
impl Session for MariaSession {
    fn connection_id(&self) -> &str {
        &self.id
    }

    fn server(&self) -> &Server {
        &self.server
    }

    /// Both servers count waits in whole seconds, so a wait is rounded up. MariaDB ends any statement at
    /// `max_statement_time`; MySQL's `max_execution_time` ends a read-only SELECT and nothing else (MySQL manual,
    /// "Server System Variables"), so there a change runs until it is done.
    async fn set_limits(&mut self, limits: Limits) -> Result<(), EngineError> {
        let sql = self.limits_sql(limits);
        self.text(&sql, Some(Duration::from_secs(OWN_S_MAX))).await?;
        self.deadline = limits
            .statement_timeout_ms
            .filter(|_| self.server.product == MARIADB)
            .map(|ms| Duration::from_millis(ms) + Duration::from_secs(GRACE_S));
        Ok(())
    }

    async fn try_lock(&mut self) -> Result<bool, EngineError> {
        self.take_lock().await
    }

    async fn is_locked(&mut self) -> Result<bool, EngineError> {
        Ok(self.owner_of_lock().await?.is_some())
    }

    async fn lock_owner(&mut self) -> Result<Option<Owner>, EngineError> {
        self.owner_of_lock().await
    }

    async fn end_lock_owner(&mut self, owner: &Owner) -> Result<bool, EngineError> {
        self.end_owner_of_lock(owner).await.map(|()| true)
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        self.give_lock_back().await
    }

    async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError> {
        self.rows(sql, binds, OWN_S_MAX).await
    }

    async fn write(&mut self, sql: &str, binds: &[Value]) -> Result<u64, EngineError> {
        let limit = Duration::from_secs(OWN_S_MAX);
        if binds.is_empty() {
            return self.text(sql, Some(limit)).await;
        }
        self.must_be_there()?;
        let query = rows::bound(sql, binds).execute(&mut self.connection);
        let answer = answered(query, limit).await;
        self.noted(answer).map(|done| done.rows_affected())
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, StatementError> {
        self.text(sql, self.deadline).await.map_err(|error| {
            let committed = matches!(error, EngineError::Refused { .. } | EngineError::Blocked { .. }).then_some(false);
            StatementError { index: 0, committed, error }
        })
    }

    /// For rows only: DDL among the statements would commit what came before it, which no ROLLBACK takes back (MariaDB
    /// manual, "SQL statements causing an implicit commit").
    async fn transact(
        &mut self,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        transact::run(self, statements, seen).await
    }

    async fn schema(&mut self, names: Option<&[String]>) -> Result<Schema, EngineError> {
        introspect::schema(self, names).await
    }

    async fn glance(&mut self, tables: &[String]) -> Result<Option<String>, EngineError> {
        introspect::glance(self, tables).await.map(Some)
    }

    async fn generation(&mut self, names: &[String]) -> Result<Option<String>, EngineError> {
        introspect::generation::numbers(self, names).await
    }

    async fn digests(&mut self) -> Result<BTreeMap<String, TableDigest>, EngineError> {
        content::digests(self).await
    }

    async fn count_rows(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        broken::count_rows(self).await
    }

    async fn broken_references(&mut self, limit: usize) -> Result<Vec<String>, EngineError> {
        broken::references(self, limit).await
    }

    async fn close(self: Box<Self>) {
        let _ = timeout(Duration::from_millis(GOODBYE_MS_MAX), self.connection.close()).await;
    }
}

/// Waits for an answer, at most as long as `limit` says.
pub(super) async fn answered<T>(
    query: impl Future<Output = Result<T, sqlx::Error>>,
    limit: Duration,
) -> Result<T, EngineError> {
    match timeout(limit, query).await {
        Ok(answer) => answer.map_err(|error| understood(&error)),
        Err(_) => Err(EngineError::TimedOut(limit)),
    }
}

/// What an error of the driver means. Whatever is not the database's own word leaves the conversation in an unknown place.
pub(super) fn understood(error: &sqlx::Error) -> EngineError {
    let reason = error.to_string();
    match error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>()) {
        Some(refusal) if NOT_GIVEN.contains(&refusal.number()) => EngineError::Blocked {
            code: refusal.number().to_string(),
            message: refusal.message().to_owned(),
            holder: None,
        },
        Some(refusal) if !SESSION_ENDED.contains(&refusal.number()) => {
            EngineError::Refused { code: refusal.number().to_string(), message: refusal.message().to_owned() }
        }
        _ => EngineError::Lost { reason },
    }
}
