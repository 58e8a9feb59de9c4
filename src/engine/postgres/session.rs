//! One session: its connection, while there is one, and what has to be set again.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::timeout;

use super::{
    address::Address, bind, connect::bounded, content, hearing::Hearing, introspect, lock, refusal, rows, transact,
    watch,
};
use crate::{
    engine::{EngineError, Limits, Owner, Row, Server, Session, StatementError, Value},
    model::{schema::Schema, snapshot::TableDigest},
};

/// How long saying goodbye may take.
const CLOSE_MS_MAX: u64 = 2_000;

/// The longest limit the server takes, an `int` of milliseconds (PostgreSQL manual, `lock_timeout`).
const LIMIT_MS_MAX: u64 = 2_147_483_647;

/// The connection of a session.
enum Line {
    Plain(PgConnection),
    Hearing(Box<Hearing>),
}

/// A session with PostgreSQL.
pub(super) struct PgSession {
    connection: Result<Line, String>,
    /// Whether it was given the lock.
    holds: bool,
    address: Address,
    server: Server,
    pid: String,
    started: String,
    settings: String,
    limits: String,
}

impl PgSession {
    pub(super) fn new(
        connection: PgConnection,
        address: Address,
        server: Server,
        pid: String,
        started: String,
        settings: String,
    ) -> Self {
        Self {
            connection: Ok(Line::Plain(connection)),
            holds: false,
            address,
            server,
            pid,
            started,
            settings,
            limits: String::new(),
        }
    }

    /// The connection, while there is one.
    pub(super) fn line(&mut self) -> Result<&mut PgConnection, EngineError> {
        let lost = |reason: &str| EngineError::Lost { reason: reason.to_owned() };
        match &mut self.connection {
            Ok(Line::Plain(connection)) => Ok(connection),
            Ok(Line::Hearing(hearing)) => hearing.line().ok_or_else(|| lost("the server has ended the session")),
            Err(reason) => Err(lost(reason)),
        }
    }

    /// Lets go of a connection that has ended, or that is in the middle of an answer nobody waits for.
    fn noted<T>(&mut self, answer: Result<T, EngineError>) -> Result<T, EngineError> {
        if let Err(error @ (EngineError::Lost { .. } | EngineError::TimedOut(_))) = &answer {
            self.connection = Err(match error {
                EngineError::Lost { reason } => reason.clone(),
                other => other.to_string(),
            });
        }
        answer
    }

    /// The same for a statement, when watching it ended before it did.
    fn noted_statement<T>(
        &mut self,
        answer: Result<Result<T, StatementError>, EngineError>,
        index: usize,
    ) -> Result<T, StatementError> {
        let answer = answer.unwrap_or_else(|error| Err(StatementError { index, committed: None, error }));
        answer.map_err(|StatementError { index, committed, error }| StatementError {
            index,
            committed,
            error: match self.noted::<()>(Err(error)) {
                Err(error) => error,
                Ok(()) => EngineError::Lost { reason: String::new() },
            },
        })
    }
}

#[async_trait]
impl Session for PgSession {
    fn connection_id(&self) -> &str {
        &self.pid
    }

    fn server(&self) -> &Server {
        &self.server
    }

    async fn set_limits(&mut self, limits: Limits) -> Result<(), EngineError> {
        let mut text = String::new();
        let wanted = [("lock_timeout", limits.lock_timeout_ms), ("statement_timeout", limits.statement_timeout_ms)];
        for (name, limit_ms) in wanted {
            let _ = match limit_ms.filter(|limit_ms| *limit_ms > 0) {
                Some(limit_ms) => writeln!(text, "SET {name} = {};", limit_ms.min(LIMIT_MS_MAX)),
                None => writeln!(text, "RESET {name};"),
            };
        }
        self.limits.clone_from(&text);
        let line = self.line()?;
        let set = async {
            sqlx::raw_sql(AssertSqlSafe(text)).execute(line).await.map(|_| ()).map_err(|error| refusal::of(&error))
        };
        let answer = bounded(set).await;
        self.noted(answer)
    }

    /// The server keeps what it answers within one message until its buffer is full (PostgreSQL source, `pqcomm.c`).
    fn answers_at_once(&self) -> bool {
        true
    }

    /// The settings it began with, ours, and the limits. The lock stays (PostgreSQL manual, "RESET"; unlike "DISCARD ALL").
    fn own_settings(&self) -> Vec<String> {
        let first = ["RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"].into_iter();
        let ours = self.settings.split(";\n").chain(self.limits.split(";\n")).filter(|one| !one.is_empty());
        first.chain(ours).map(str::to_owned).collect()
    }

    async fn try_lock(&mut self) -> Result<bool, EngineError> {
        let answer = bounded(lock::try_take(self.line()?)).await;
        self.holds |= matches!(answer, Ok(true));
        self.noted(answer)
    }

    async fn is_locked(&mut self) -> Result<bool, EngineError> {
        let answer = bounded(lock::is_held(self.line()?)).await;
        self.noted(answer)
    }

    async fn lock_owner(&mut self) -> Result<Option<Owner>, EngineError> {
        let answer = bounded(lock::owner(self.line()?)).await;
        self.noted(answer)
    }

    async fn end_lock_owner(&mut self, owner: &Owner) -> Result<bool, EngineError> {
        let pid = owner.connection.parse().unwrap_or_default();
        let answer = bounded(lock::end(self.line()?, pid)).await;
        self.noted(answer).map(|()| true)
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        self.holds = false;
        let answer = bounded(lock::release(self.line()?)).await;
        self.noted(answer)
    }

    async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError> {
        let answer = bounded(bind::query(self.line()?, sql, binds)).await;
        self.noted(answer)
    }

    async fn write(&mut self, sql: &str, binds: &[Value]) -> Result<u64, EngineError> {
        let answer = bounded(bind::write(self.line()?, sql, binds)).await;
        self.noted(answer)
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, StatementError> {
        let (address, pid, started) = (self.address.clone(), self.pid.clone(), self.started.clone());
        let line = self.line().map_err(|error| StatementError { index: 0, committed: Some(false), error })?;
        let answer = watch::over(&address, &pid, &started, transact::run_alone(line, sql)).await;
        self.noted_statement(answer, 0)
    }

    async fn transact(
        &mut self,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        let (address, pid, started) = (self.address.clone(), self.pid.clone(), self.started.clone());
        let index = statements.len();
        let line = self.line().map_err(|error| StatementError { index, committed: Some(false), error })?;
        let work = transact::run(line, statements, seen);
        let answer = watch::over(&address, &pid, &started, work).await;
        self.noted_statement(answer, index)
    }

    async fn schema(&mut self, names: Option<&[String]>) -> Result<Schema, EngineError> {
        let major = self.server.number.0;
        let answer = bounded(introspect::schema(self.line()?, major, names)).await;
        self.noted(answer)
    }

    async fn generation(&mut self, names: &[String]) -> Result<Option<String>, EngineError> {
        let answer = bounded(introspect::generation(self.line()?, names)).await;
        self.noted(answer).map(Some)
    }

    async fn digests(&mut self) -> Result<BTreeMap<String, TableDigest>, EngineError> {
        let (address, pid, started) = (self.address.clone(), self.pid.clone(), self.started.clone());
        let answer = watch::over(&address, &pid, &started, content::digests(self.line()?)).await;
        self.noted(answer.and_then(|digests| digests))
    }

    async fn count_rows(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        let (address, pid, started) = (self.address.clone(), self.pid.clone(), self.started.clone());
        let answer = watch::over(&address, &pid, &started, rows::count(self.line()?)).await;
        self.noted(answer.and_then(|counted| counted))
    }

    async fn broken_references(&mut self, limit: usize) -> Result<Vec<String>, EngineError> {
        let (address, pid, started) = (self.address.clone(), self.pid.clone(), self.started.clone());
        let answer = watch::over(&address, &pid, &started, rows::broken_references(self.line()?, limit)).await;
        self.noted(answer.and_then(|found| found))
    }

    /// Puts a connection that hears in the place of this session's, where one is to be had: not behind a transaction pooler,
    /// where nothing can be set either, and not from a standby.
    async fn listen(&mut self) {
        if self.settings.is_empty() {
            return;
        }
        if let Some(hearing) = Hearing::open(&self.address, &self.settings).await {
            self.pid.clone_from(&hearing.pid);
            let before = std::mem::replace(&mut self.connection, Ok(Line::Hearing(Box::new(hearing))));
            leave(before).await;
        }
    }

    fn hears(&self) -> bool {
        matches!(self.connection, Ok(Line::Hearing(_)))
    }

    async fn heard(&mut self) -> Result<(), EngineError> {
        let answer = match &mut self.connection {
            Ok(Line::Hearing(hearing)) => hearing.heard().await,
            _ => std::future::pending().await,
        };
        self.noted(answer)
    }

    async fn close(mut self: Box<Self>) {
        if self.holds
            && let Ok(line) = self.line()
        {
            let _ = timeout(Duration::from_millis(CLOSE_MS_MAX), lock::leave(line)).await;
        }
        leave(self.connection).await;
    }
}

/// Says goodbye. The server ends the session when the socket closes, said goodbye or not.
async fn leave(connection: Result<Line, String>) {
    let goodbye = async {
        match connection {
            Ok(Line::Plain(connection)) => drop(connection.close().await),
            Ok(Line::Hearing(hearing)) => hearing.close().await,
            Err(_) => {}
        }
    };
    let _ = timeout(Duration::from_millis(CLOSE_MS_MAX), goodbye).await;
}
