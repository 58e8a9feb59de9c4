//! Opening it: on first use, never earlier, so that a command with nothing to do touches nothing.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::OnceCell;

use super::{StoreError, audit::AuditKey};
use crate::telemetry::RunLogs;

/// Connections to the control store. It has one writer at a time, a statement of ours takes a fraction of a millisecond,
/// and each connection is a thread that must be started.
const CONNECTIONS_MAX: u32 = 1;
/// How long a statement waits for another process's write.
const BUSY_MS: u64 = 10_000;

/// The layout, statement by statement. Additions go to the end.
const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL, \
     requested_by TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, orders TEXT NOT NULL, \
     progress TEXT NOT NULL, result TEXT, problem TEXT, idempotency_key TEXT UNIQUE)",
    "CREATE INDEX IF NOT EXISTS job_target ON job (target, id)",
    "CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, \
     level TEXT NOT NULL, job TEXT, actor TEXT, message TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS log_job ON log (job, seq)",
    "CREATE TABLE IF NOT EXISTS expectation (target TEXT PRIMARY KEY, history TEXT NOT NULL, layout TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rehearsal (target TEXT NOT NULL, migration TEXT NOT NULL, inputs TEXT NOT NULL, \
     after TEXT NOT NULL, at TEXT NOT NULL, rehearsed TEXT NOT NULL, PRIMARY KEY (target, migration, inputs))",
    "CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, line INTEGER NOT NULL UNIQUE, before TEXT NOT NULL, \
     mac TEXT NOT NULL)",
    "CREATE TRIGGER IF NOT EXISTS audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is kept'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is kept'); END",
    "CREATE TRIGGER IF NOT EXISTS log_kept BEFORE DELETE ON log WHEN OLD.kind = 'audit' \
     BEGIN SELECT RAISE(ABORT, 'the audit trail is kept'); END",
    "CREATE TRIGGER IF NOT EXISTS log_fixed BEFORE UPDATE ON log WHEN OLD.kind = 'audit' \
     BEGIN SELECT RAISE(ABORT, 'the audit trail is kept'); END",
];

/// Our own database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: String,
    pool: OnceCell<SqlitePool>,
    key: OnceCell<Arc<AuditKey>>,
}

impl Store {
    /// The store in the file at `path`; the file is made when something is first asked of it.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(Arc::new(Inner { path: path.display().to_string(), pool: OnceCell::new(), key: OnceCell::new() }))
    }

    /// Whether there is a store already: a question need not make one.
    #[must_use]
    pub fn is_there(&self) -> bool {
        Path::new(&self.0.path).exists()
    }

    /// Opens the store if it is not open yet, so that whoever asks it next need not wait for that. What fails is told to
    /// whoever asks.
    pub async fn warm_up(&self) {
        let _ = self.pool().await;
    }

    pub(super) async fn pool(&self) -> Result<&SqlitePool, StoreError> {
        self.0.pool.get_or_try_init(|| self.open()).await
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        Path::new(&self.0.path)
    }

    /// The log files of the runs, which lie beside it.
    #[must_use]
    pub fn run_logs(&self) -> RunLogs {
        RunLogs::beside(self.path())
    }

    /// The key of the audit trail, once it was read.
    pub(super) fn key(&self) -> &OnceCell<Arc<AuditKey>> {
        &self.0.key
    }

    async fn open(&self) -> Result<SqlitePool, StoreError> {
        let path = Path::new(&self.0.path);
        make_private(path).map_err(|error| self.unusable(&error))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_millis(BUSY_MS))
            // It would go to standard error, where a reader of JSON expects one document.
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            // whoever waits is told by an error; the driver would also log it
            .acquire_slow_threshold(Duration::MAX)
            .max_connections(CONNECTIONS_MAX)
            .connect_with(options)
            .await
            .map_err(|error| self.unusable(&error))?;
        sqlx::raw_sql(AssertSqlSafe(TABLES.join(";\n"))).execute(&pool).await.map_err(|error| self.unusable(&error))?;
        Ok(pool)
    }

    /// An error that names the file.
    pub(super) fn unusable(&self, error: &dyn std::fmt::Display) -> StoreError {
        StoreError::Unusable { path: self.0.path.clone(), reason: error.to_string() }
    }

    /// An error that names the file and what lies there.
    pub(super) fn shape(&self, reason: &dyn std::fmt::Display) -> StoreError {
        StoreError::Shape { path: self.0.path.clone(), reason: reason.to_string() }
    }
}

/// Makes the file at `path` and its folder, for their owner alone, where they are missing.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}
