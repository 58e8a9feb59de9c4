//! A session is opened: the way in, who answers, and the settings that let a dead peer be noticed.

use std::{future::Future, time::Duration};

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
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
     pg_backend_pid(), (SELECT a.backend_start::text FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()), \
     pg_is_in_recovery() OR current_setting('transaction_read_only')::bool";

/// The settings of a working session (PostgreSQL manual, chapter "Server Configuration"):
/// - `client_connection_check_interval` (14 and later, where the system can) ends a statement whose client is gone;
/// - `tcp_*` let the server notice a peer that fell silent; they do nothing on a socket of the same machine;
/// - `idle_in_transaction_session_timeout` bounds the locks of a client that is stopped;
/// - `idle_session_timeout` (14 and later) is off, as the session that holds the lock waits while a snapshot is made;
/// - `standard_conforming_strings` is what scripts are read by.
const SETTINGS: [(&str, &str); 8] = [
    ("client_connection_check_interval", "1s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "25s"),
    ("idle_in_transaction_session_timeout", "5min"),
    ("idle_session_timeout", "0"),
    ("standard_conforming_strings", "on"),
];

/// What a session is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To change things.
    Work,
    /// To look only; the server refuses to write.
    Look,
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
    let mut connection = raw(address).await?;
    let who = bounded(ask(&mut connection)).await?;
    if who.number < NEEDED.0 {
        return Err(EngineError::Unsupported { found: who.found, needed: NEEDED.1 });
    }
    if purpose == Purpose::Work && who.read_only {
        return Err(EngineError::ReadOnly { address: address.shown.clone() });
    }
    let settings = bounded(set_up(&mut connection, purpose)).await?;
    if purpose == Purpose::Work {
        pooler::must_be_absent(&mut connection, address).await?;
    }
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

async fn ask(connection: &mut PgConnection) -> Result<Who, EngineError> {
    let read = |row: sqlx::postgres::PgRow| -> Result<Who, sqlx::Error> {
        let version: String = row.try_get(1)?;
        let banner: String = row.try_get(0)?;
        // What speaks the protocol and calls itself something else is not known to keep its promises.
        let ours = banner.starts_with("PostgreSQL ");
        Ok(Who {
            found: if ours { format!("PostgreSQL {version}") } else { banner },
            version,
            number: if ours { row.try_get(2)? } else { 0 },
            pid: row.try_get(3)?,
            started: row.try_get::<Option<String>, _>(4)?.unwrap_or_default(),
            read_only: row.try_get(5)?,
        })
    };
    let row = sqlx::query(WHO).persistent(false).fetch_one(connection).await;
    row.and_then(read).map_err(|error| refusal::of(&error))
}

/// Applies the settings that this server has; gives the text that applies them again.
async fn set_up(connection: &mut PgConnection, purpose: Purpose) -> Result<String, EngineError> {
    let all = settings(purpose, |_| true);
    if sqlx::raw_sql(AssertSqlSafe(all.clone())).execute(&mut *connection).await.is_ok() {
        return Ok(all);
    }
    // Systems that cannot tell whether a client is gone refuse the first one (PostgreSQL manual, same place).
    let without = settings(purpose, |name| name != SETTINGS[0].0);
    sqlx::raw_sql(AssertSqlSafe(without.clone())).execute(connection).await.map_err(|error| refusal::of(&error))?;
    Ok(without)
}

/// One statement that sets what the server knows and passes over the rest.
fn settings(purpose: Purpose, wanted: impl Fn(&str) -> bool) -> String {
    let read_only = (purpose == Purpose::Look).then_some(("default_transaction_read_only", "on"));
    let values: Vec<String> = SETTINGS
        .into_iter()
        .chain(read_only)
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| format!("('{name}', '{value}')"))
        .collect();
    format!(
        "SELECT set_config(s.name, v.value, false) FROM (VALUES {}) AS v (name, value) \
         JOIN pg_catalog.pg_settings s ON s.name = v.name",
        values.join(", ")
    )
}
