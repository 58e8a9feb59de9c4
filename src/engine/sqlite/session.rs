//! One connection to the file.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};

use super::{
    EngineError, Place, Session, batch, content, definition, fault, introspect, lock, lookout,
    open::{self, Access, LOCK_TIMEOUT_MS},
    rows, sizes, transact,
    watch::Watcher,
};
use crate::{
    engine::{Limits, Owner, Row, Server, StatementError, Value},
    model::{schema::Schema, snapshot::TableDigest},
};

/// Numbers the sessions of this process, for SQLite has no name for a connection.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// A session on the file.
pub(super) struct SqliteSession {
    pub(super) connection: SqliteConnection,
    pub(super) place: Place,
    pub(super) watch: Watcher,
    id: String,
    server: Server,
    limits: Limits,
    /// A statement was begun and nobody waited for its end: its future was dropped in between.
    running: bool,
    /// A transaction was begun and its end is not known, likewise.
    pub(super) unsettled: bool,
    /// The version of the schema that is known to have no foreign key.
    pub(super) without_foreign_key: Option<i64>,
}

impl SqliteSession {
    /// Opens the file.
    ///
    /// # Errors
    /// As [`open::connect`].
    pub(super) async fn open(place: &Place, access: Access) -> Result<Self, EngineError> {
        let mut connection = open::connect(place, access).await?;
        let on_opening = |error| fault::on_opening(place, &error);
        let watch = Watcher::on(&mut connection).await.map_err(on_opening)?;
        let version = match rows::one(&mut connection, "SELECT sqlite_version()").await.map_err(on_opening)? {
            Value::Text(version) => version,
            other => format!("{other:?}"),
        };
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or_default());
        let number = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let id = format!("{}.{}", std::process::id(), OPENED.fetch_add(1, Ordering::Relaxed));
        watch.is_called(&id);
        Ok(Self {
            connection,
            place: place.clone(),
            watch,
            id,
            server: Server { product: "SQLite", version, number },
            limits: Limits::default(),
            running: false,
            unsettled: false,
            without_foreign_key: None,
        })
    }

    /// Makes ready for a statement: ends what a dropped future left behind, and starts the statement's clock.
    pub(super) async fn begin_statement(&mut self) -> Result<(), EngineError> {
        if self.running {
            // Its thread is still at it: it is stopped by a deadline that is over, and this waits in the queue behind it.
            self.watch.allow(Some(Duration::ZERO));
            let _ = rows::number(&mut self.connection, "SELECT 1").await;
            self.watch.allow(None);
        }
        if self.unsettled {
            transact::settle(self).await?;
        }
        self.start_clock();
        Ok(())
    }

    /// Starts the clock of the statement that runs next.
    pub(super) fn start_clock(&mut self) {
        self.running = true;
        self.watch.allow(self.allowed());
    }

    /// Stops the clock, and says what the driver said in the engine's words.
    pub(super) fn end_statement<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, EngineError> {
        let late = self.watch.is_late();
        self.watch.allow(None);
        self.running = false;
        let allowed = self.allowed().filter(|_| late);
        outcome.map_err(|error| fault::in_session(&self.place, &error, allowed))
    }

    /// Runs one statement of a migration as it is.
    pub(super) async fn run(&mut self, sql: &str) -> Result<u64, EngineError> {
        self.begin_statement().await?;
        let outcome = rows::run(&mut self.connection, sql).await;
        self.end_statement(outcome)
    }

    /// How long a statement may run.
    pub(super) fn allowed(&self) -> Option<Duration> {
        self.limits.statement_timeout_ms.map(Duration::from_millis)
    }
}

/// Whether a statement changes rows: SQLite's count stays at the last such statement's when another kind runs (SQLite
/// manual, `sqlite3_changes`).
fn changes_rows(sql: &str) -> bool {
    let first = definition::first_word(sql);
    ["insert", "update", "delete", "replace", "with"].contains(&first.as_str())
}

#[async_trait]
impl Session for SqliteSession {
    fn connection_id(&self) -> &str {
        &self.id
    }

    fn server(&self) -> &Server {
        &self.server
    }

    /// The waiting is SQLite's own (SQLite manual, `PRAGMA busy_timeout`; default [`LOCK_TIMEOUT_MS`]); the time of a
    /// statement is kept by the connection's progress handler, which SQLite asks between steps of its machine.
    async fn set_limits(&mut self, limits: Limits) -> Result<(), EngineError> {
        let wait_ms = i32::try_from(limits.lock_timeout_ms.unwrap_or(LOCK_TIMEOUT_MS)).unwrap_or(i32::MAX);
        self.run(&format!("PRAGMA busy_timeout = {wait_ms}")).await?;
        self.limits = limits;
        Ok(())
    }

    async fn try_lock(&mut self) -> Result<bool, EngineError> {
        lock::take(&self.place, &self.watch).await
    }

    async fn is_locked(&mut self) -> Result<bool, EngineError> {
        lock::is_taken(&self.place, &self.watch)
    }

    async fn lock_owner(&mut self) -> Result<Option<Owner>, EngineError> {
        Ok(lock::is_taken(&self.place, &self.watch)?.then(|| lookout::owner(&self.place)))
    }

    async fn end_lock_owner(&mut self, _: &Owner) -> Result<bool, EngineError> {
        Ok(false)
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        lock::free(&self.place, &self.watch)
    }

    async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError> {
        self.begin_statement().await?;
        let outcome = rows::ask(&mut self.connection, sql, binds).await;
        self.end_statement(outcome)
    }

    async fn every_row(&mut self, columns: &str, table: &str, order: &str) -> Result<Vec<Row>, EngineError> {
        self.begin_statement().await?;
        let outcome = rows::every(&mut self.connection, columns, table, order).await;
        self.end_statement(outcome)
    }

    async fn write(&mut self, sql: &str, binds: &[Value]) -> Result<u64, EngineError> {
        self.begin_statement().await?;
        let outcome = rows::write(&mut self.connection, sql, binds).await;
        self.end_statement(outcome)
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, StatementError> {
        match self.run(sql).await {
            Ok(rows) => Ok(if changes_rows(sql) { rows } else { 0 }),
            Err(error) => {
                // A statement outside a transaction is one of its own, and its commit may be what failed.
                let committed = fault::is_clear(&error).then_some(false);
                Err(StatementError { index: 0, committed, error })
            }
        }
    }

    async fn transact(
        &mut self,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        transact::transact(self, statements, seen).await
    }

    async fn batch(&mut self, statements: &[&str]) -> Result<(), StatementError> {
        batch::run(self, statements).await
    }

    async fn schema(&mut self, names: Option<&[String]>) -> Result<Schema, EngineError> {
        self.begin_statement().await?;
        let outcome = introspect::schema(&mut self.connection, names).await;
        self.end_statement(outcome)
    }

    async fn digests(&mut self) -> Result<BTreeMap<String, TableDigest>, EngineError> {
        content::digests(&self.place).await
    }

    async fn count_rows(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        self.begin_statement().await?;
        let outcome = sizes::count_rows(&mut self.connection).await;
        self.end_statement(outcome)
    }

    async fn broken_references(&mut self, limit: usize) -> Result<Vec<String>, EngineError> {
        self.begin_statement().await?;
        let outcome = transact::broken_references(&mut self.connection, limit).await;
        self.end_statement(outcome)
    }

    async fn close(self: Box<Self>) {
        let Self { connection, watch, .. } = *self;
        // A statement whose future was dropped is stopped, not waited for. The connection keeps the lock until it is closed.
        drop(watch);
        // Nothing is lost when the goodbye fails: whatever was committed is in the file.
        let _ = connection.close().await;
    }
}
