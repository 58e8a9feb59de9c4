//! A session is opened: the way in, who answers, and the settings that let a dead peer be noticed.

use std::{future::Future, time::Duration};

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgRow};
use tokio::time::timeout;

use super::{address::Address, pooler, refusal, session::PgSession};
use crate::engine::{EngineError, Server};

/// How long opening a session may take.
const CONNECT_MS_MAX: u64 = 10_000;

/// How long the server may take over a question of our own.
const ANSWER_MS_MAX: u64 = 60_000;

/// The oldest server whose catalogs and settings are known to have what is used here.
const NEEDED: (i32, &str) = (130_000, "PostgreSQL 13 or later");

/// What is asked first. A standby's transactions are read-only without any setting (PostgreSQL manual, "Hot Standby").
const WHO: &str = "SELECT version(), current_setting('server_version'), current_setting('server_version_num')::int, \
     pg_backend_pid(), pg_is_in_recovery() OR current_setting('transaction_read_only')::bool";

/// When the server began the session. It is asked for a session that works alone: to open the view costs a new session
/// more than anything else that is asked here.
const BEGAN: &str = "(SELECT a.backend_start::text FROM pg_stat_get_activity(pg_backend_pid()) a)";

/// The settings of a working session (PostgreSQL manual, chapter "Server Configuration"), each with the server version
/// that first has it:
/// - `client_connection_check_interval` (where the system can) ends a statement whose client is gone;
/// - `tcp_*` let the server notice a peer that fell silent; they do nothing on a socket of the same machine;
/// - `idle_in_transaction_session_timeout` bounds the locks of a client that is stopped;
/// - `idle_session_timeout` is off, as the session that holds the lock waits while a snapshot is made;
/// - `standard_conforming_strings` is what scripts are read by.
const SETTINGS: [(&str, &str, i32); 8] = [
    ("client_connection_check_interval", "1s", 140_000),
    ("tcp_keepalives_idle", "10", 0),
    ("tcp_keepalives_interval", "5", 0),
    ("tcp_keepalives_count", "3", 0),
    ("tcp_user_timeout", "25s", 0),
    ("idle_in_transaction_session_timeout", "5min", 0),
    ("idle_session_timeout", "0", 140_000),
    ("standard_conforming_strings", "on", 0),
];

/// What a session is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To change things.
    Work,
    /// To look only; the server refuses to write.
    Look,
    /// To stand beside a session that works: it waits for nobody.
    Beside,
}

/// Waits for the server, with a bound.
///
/// # Errors
/// [`EngineError::TimedOut`]; the connection is then in the middle of an answer and of no use any more.
pub(super) async fn bounded<T>(work: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
    let limit = Duration::from_millis(ANSWER_MS_MAX);
    timeout(limit, work).await.unwrap_or(Err(EngineError::TimedOut(limit)))
}

/// Opens a raw connection, without any of the settings.
///
/// # Errors
/// [`EngineError::Unreachable`] within `CONNECT_MS_MAX`.
pub(super) async fn raw(address: &Address) -> Result<PgConnection, EngineError> {
    let secret = address.password.as_ref().map(ExposeSecret::expose_secret);
    match timeout(Duration::from_millis(CONNECT_MS_MAX), PgConnection::connect_with(&address.options)).await {
        Ok(opened) => opened.map_err(|error| refusal::of_opening(&error, &address.shown, secret)),
        Err(_) => Err(EngineError::Unreachable {
            address: address.shown.clone(),
            reason: format!("no answer within {CONNECT_MS_MAX} ms"),
        }),
    }
}

/// Opens a session.
///
/// # Errors
/// As [`crate::engine::Engine::open`]; [`EngineError::ReadOnly`] when it is to work and cannot.
pub(super) async fn open(address: &Address, purpose: Purpose) -> Result<PgSession, EngineError> {
    let (connection, other) = match purpose {
        // Whoever stands beside a session came by the same way.
        Purpose::Beside => (raw(address).await, None),
        Purpose::Work | Purpose::Look => {
            let (connection, other) = tokio::join!(raw(address), raw(address));
            (connection, Some(other))
        }
    };
    let mut connection = connection?;
    let who = bounded(greet(&mut connection, purpose)).await?;
    if who.number < NEEDED.0 {
        return Err(EngineError::Unsupported { found: who.found, needed: NEEDED.1 });
    }
    if purpose == Purpose::Work && who.read_only {
        return Err(EngineError::ReadOnly { address: address.shown.clone() });
    }
    // A server that gives no second connection leaves the question open.
    let mut other = other.and_then(Result::ok);
    let is_pooled = match &mut other {
        Some(other) => pooler::is_there(&mut connection, who.pid, other).await?,
        None => false,
    };
    let leaving = async {
        if let Some(other) = other {
            pooler::leave(other).await;
        }
    };
    // What is set behind a transaction pooler is set for whoever is served by that session next, the application first of all.
    let setting = async {
        match (is_pooled, purpose) {
            (true, Purpose::Work) => Err(pooler::refused()),
            (true, _) => Ok(String::new()),
            (false, _) => prepared(&mut connection, purpose, who.number).await,
        }
    };
    let (settings, ()) = tokio::join!(setting, leaving);
    let settings = settings?;
    let server = who.server();
    Ok(PgSession::new(connection, address.clone(), server, who.pid.to_string(), who.started, settings))
}

/// Who answers, and as what.
struct Who {
    found: String,
    version: String,
    number: i32,
    pid: i32,
    started: String,
    read_only: bool,
}

impl Who {
    /// The number is 100 times the major plus the minor version, since 10 (PostgreSQL manual, `PQserverVersion`).
    fn server(&self) -> Server {
        let number = u32::try_from(self.number).unwrap_or_default();
        Server { product: "PostgreSQL", version: self.version.clone(), number: (number / 10_000, number % 10_000) }
    }
}

/// Asks who answers.
async fn greet(connection: &mut PgConnection, purpose: Purpose) -> Result<Who, EngineError> {
    let began = if purpose == Purpose::Work { BEGAN } else { "NULL::text" };
    let row = sqlx::raw_sql(AssertSqlSafe(format!("{WHO}, {began}"))).fetch_one(connection).await;
    row.and_then(|row| read(&row)).map_err(|error| refusal::of(&error))
}

/// Applies the settings, as one message; gives the text that applies them again.
async fn prepared(connection: &mut PgConnection, purpose: Purpose, number: i32) -> Result<String, EngineError> {
    match bounded(set(connection, settings(purpose, number, true))).await {
        // Systems that cannot tell whether a client is gone refuse the first one (PostgreSQL manual, same place).
        Err(EngineError::Refused { .. }) => bounded(set(connection, settings(purpose, number, false))).await,
        set => set,
    }
}

fn read(row: &PgRow) -> Result<Who, sqlx::Error> {
    let version: String = row.try_get(1)?;
    let banner: String = row.try_get(0)?;
    // What speaks the protocol and calls itself something else is not known to keep its promises.
    let ours = banner.starts_with("PostgreSQL ");
    Ok(Who {
        found: if ours { format!("PostgreSQL {version}") } else { banner },
        version,
        number: if ours { row.try_get(2)? } else { 0 },
        pid: row.try_get(3)?,
        read_only: row.try_get(4)?,
        started: row.try_get::<Option<String>, _>(5)?.unwrap_or_default(),
    })
}

/// Applies settings; gives the text that applies them again.
async fn set(connection: &mut PgConnection, settings: String) -> Result<String, EngineError> {
    let done = sqlx::raw_sql(AssertSqlSafe(settings.clone())).execute(connection).await;
    done.map(|_| settings).map_err(|error| refusal::of(&error))
}

/// The statements that set what a server of this version knows; without the first where `every` is false.
fn settings(purpose: Purpose, number: i32, every: bool) -> String {
    let more: &[_] = match purpose {
        Purpose::Work => &[],
        Purpose::Look => &[("default_transaction_read_only", "on", 0)],
        Purpose::Beside => &[("lock_timeout", "200ms", 0), ("statement_timeout", "2s", 0)],
    };
    let skipped = usize::from(!every);
    let known = SETTINGS.into_iter().skip(skipped).chain(more.iter().copied()).filter(|(_, _, since)| number >= *since);
    known.map(|(name, value, _)| format!("SET {name} = '{value}'")).collect::<Vec<_>>().join(";\n")
}
