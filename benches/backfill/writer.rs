//! A writer of the application: it changes one row after the other, all over the table, and notes how long each took.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Engine, Fallible};

/// The time between two writes.
const PAUSE: Duration = Duration::from_millis(2);

/// How far the next row is from the last: a prime, so that all rows have their turn.
const STRIDE: usize = 7_919;

/// How long SQLite lets it wait.
const PATIENCE: Duration = Duration::from_mins(2);

/// A writer at work.
pub struct Writer {
    must_end: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Duration>, String>>,
}

/// Its connection.
enum Line {
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Line {
    async fn open(engine: Engine, url: &str) -> Result<Self, sqlx::Error> {
        Ok(match engine {
            Engine::Postgres => Self::Postgres(PgConnection::connect(url).await?),
            Engine::MariaDb => Self::MariaDb(MySqlConnection::connect(url).await?),
            Engine::Sqlite => {
                let options = SqliteConnectOptions::from_str(url)?.busy_timeout(PATIENCE);
                Self::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
        })
    }

    async fn write(&mut self, row: usize) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(format!("UPDATE cargo SET seen = seen + 1 WHERE id = {row}"));
        match self {
            Self::Postgres(line) => sqlx::raw_sql(sql).execute(line).await.map(drop),
            Self::MariaDb(line) => sqlx::raw_sql(sql).execute(line).await.map(drop),
            Self::Sqlite(line) => sqlx::raw_sql(sql).execute(line).await.map(drop),
        }
    }
}

impl Writer {
    /// Connects, and begins.
    ///
    /// # Errors
    /// When there is no runtime.
    pub fn begin(engine: Engine, url: &str, rows: usize) -> Fallible<Self> {
        let must_end = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ends, url) = (must_end.clone(), url.to_owned());
        let thread = spawn(move || {
            runtime.block_on(async {
                let mut line = Line::open(engine, &url).await.map_err(|error| error.to_string())?;
                let mut waits = Vec::new();
                let mut row = 0;
                while !ends.load(Ordering::Relaxed) {
                    row = (row + STRIDE) % rows;
                    let began = Instant::now();
                    line.write(row + 1).await.map_err(|error| error.to_string())?;
                    waits.push(began.elapsed());
                    sleep(PAUSE);
                }
                Ok(waits)
            })
        });
        Ok(Self { must_end, thread })
    }

    /// Ends; how long each write took, the longest last.
    ///
    /// # Errors
    /// What went wrong meanwhile.
    pub fn end(self) -> Fallible<Vec<Duration>> {
        self.must_end.store(true, Ordering::Relaxed);
        let mut waits = self.thread.join().map_err(|_| "the writer fell over")??;
        waits.sort_unstable();
        Ok(waits)
    }
}
