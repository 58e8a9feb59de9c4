//! Opens a session, and refuses a server that windlass cannot keep safe.

use std::{collections::BTreeMap, time::Duration};

use futures_util::StreamExt;
use sqlx::{AssertSqlSafe, Connection, Either, MySqlConnection};
use tokio::time::timeout;

use super::{MARIADB, MYSQL, address::Address, lock, rows, session::MariaSession};
use crate::engine::{EngineError, Row, Server};

/// How long it may take until a session is ready.
const CONNECT_MS_MAX: u64 = 10_000;

/// How long the server keeps a working session that says nothing, whose client may be gone without a word: some times
/// longer than a run ever says nothing (see [`crate::engine::awake`]).
const IDLE_S_MAX: u64 = 5 * 60;

/// The same for one that only looks: it holds nothing, and may look as seldom as it likes.
const IDLE_LOOKING_S_MAX: u64 = 7 * 24 * 60 * 60;

/// sqlx connects with the flag `CLIENT_IGNORE_SPACE`, for which the server adds a mode that changes how a migration is
/// read (MariaDB manual, "SQL Mode", `IGNORE_SPACE`); taken away unless the server wants it for everybody.
const WITHOUT_IGNORE_SPACE: &str = "SET SESSION sql_mode = IF(FIND_IN_SET('IGNORE_SPACE', @@global.sql_mode), \
    @@session.sql_mode, \
    TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@session.sql_mode, ','), ',IGNORE_SPACE,', ',')))";

/// Who answers.
const WHO: &str = "SELECT VERSION(), CONNECTION_ID(), DATABASE()";

/// What the server is set to; not every server has all of them, and so they are not asked for by `@@`.
const VARIABLES: &str =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'lower_case_table_names', 'innodb_read_only')";

/// The server refuses because it is read-only (`ER_OPTION_PREVENTS_STATEMENT`).
const OPTION_PREVENTS_STATEMENT: u16 = 1290;

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A run.
    Write,
    /// A look.
    Read,
    /// To stand beside a session that works.
    Beside,
}

/// Opens one raw connection that never reconnects.
///
/// # Errors
/// [`EngineError::Unreachable`] within `CONNECT_MS_MAX`, [`EngineError::Unsupported`] for an old server or a Galera node,
/// [`EngineError::ReadOnly`] when it is opened for writing and the server takes no writes from this account.
pub(super) async fn open(address: &Address, purpose: Purpose) -> Result<MariaSession, EngineError> {
    let limit = Duration::from_millis(CONNECT_MS_MAX);
    timeout(limit, opened(address, purpose))
        .await
        .unwrap_or_else(|_| Err(unreachable(address, format!("no session was ready within {CONNECT_MS_MAX} ms"))))
}

async fn opened(address: &Address, purpose: Purpose) -> Result<MariaSession, EngineError> {
    let options = address.options();
    let mut connection =
        MySqlConnection::connect_with(&options).await.map_err(|error| unreachable(address, words(&error)))?;
    let Answers { greeting, variables } =
        introduce(&mut connection, purpose).await.map_err(|error| match number(&error) {
            Some(OPTION_PREVENTS_STATEMENT) => EngineError::ReadOnly { address: address.shown().to_owned() },
            _ => unreachable(address, words(&error)),
        })?;
    let first = greeting.first().ok_or_else(|| unreachable(address, "it does not say who it is".to_owned()))?;
    let server = server(first.text(0)?.unwrap_or_default());
    must_be_supported(&server, &variables)?;
    let id = first.int(1)?.unwrap_or_default().to_string();
    let database = first.text(2)?.unwrap_or(&address.database).to_owned();
    if purpose == Purpose::Write && variables.get("innodb_read_only").is_some_and(|value| value == "ON") {
        return Err(EngineError::ReadOnly { address: address.shown().to_owned() });
    }
    let folded = variables.get("lower_case_table_names").is_some_and(|value| value != "0");
    let lock = lock::name(&database, folded);
    Ok(MariaSession::over(connection, options, server, id, database, lock))
}

/// MySQL would tell rows and bytes of a table as it counted them up to a day ago (MySQL manual,
/// `information_schema_stats_expiry`); MariaDB has no such setting, and passes over what stands in comments for MySQL 8.
const SIZES_OF_NOW: &str = " /*!80003 , information_schema_stats_expiry = 0 */";

/// What a server says of itself.
#[derive(Default)]
struct Answers {
    greeting: Vec<Row>,
    variables: BTreeMap<String, String>,
}

/// Asks who answers, sets what a run relies on, and asks for the right to write: a transaction that is READ WRITE by its
/// own words is refused under `read_only` unless the account may write all the same (MySQL manual, "START TRANSACTION").
/// All of it is one message, which the server takes statement by statement.
async fn introduce(connection: &mut MySqlConnection, purpose: Purpose) -> Result<Answers, sqlx::Error> {
    let idle = if purpose == Purpose::Write { IDLE_S_MAX } else { IDLE_LOOKING_S_MAX };
    let session =
        format!("SET SESSION autocommit = 1, completion_type = 'NO_CHAIN', wait_timeout = {idle}{SIZES_OF_NOW}");
    let last = match purpose {
        Purpose::Write => "START TRANSACTION READ WRITE;\nROLLBACK",
        Purpose::Read => "SET SESSION TRANSACTION READ ONLY",
        Purpose::Beside => "DO 0",
    };
    let text = [WHO, VARIABLES, session.as_str(), WITHOUT_IGNORE_SPACE, last].join(";\n");
    let mut told = Answers::default();
    let mut nth = 0;
    let mut answers = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(connection);
    while let Some(answer) = answers.next().await {
        match answer? {
            Either::Left(_) => nth += 1,
            Either::Right(row) => {
                let row = rows::read(&row).map_err(|error| sqlx::Error::Decode(error.into()))?;
                if nth == 0 {
                    told.greeting.push(row);
                } else {
                    let text = |column| row.text(column).ok().flatten().unwrap_or_default().to_owned();
                    told.variables.insert(text(0), text(1));
                }
            }
        }
    }
    Ok(told)
}

fn server(version: &str) -> Server {
    let product = if version.contains("MariaDB") { MARIADB } else { MYSQL };
    let mut parts = version.split(|letter: char| !letter.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    let number = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    Server { product, version: version.to_owned(), number }
}

/// Atomic DDL came with MariaDB 10.6 and MySQL 8.0 (their manuals, "Atomic DDL"); without it an interrupted statement
/// leaves something between before and after. `GET_LOCK` is not replicated by Galera (MariaDB manual, "MariaDB Galera
/// Cluster - Known Limitations"): two runs on two nodes would both hold it.
fn must_be_supported(server: &Server, variables: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let found = format!("{} {}", server.product, server.version);
    let oldest = if server.product == MARIADB { (10, 6) } else { (8, 0) };
    if server.number < oldest {
        return Err(EngineError::Unsupported { found, needed: "MariaDB 10.6 or MySQL 8.0 at least (atomic DDL)" });
    }
    if variables.get("wsrep_on").is_some_and(|value| value == "ON") {
        return Err(EngineError::Unsupported {
            found: format!("{found} in a Galera cluster (wsrep_on = ON)"),
            needed: "a server without Galera: its nodes do not share the lock that keeps two runs apart",
        });
    }
    Ok(())
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?;
    Some(error.number())
}

/// The server's words without sqlx's preamble.
fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |database| database.message().to_owned())
}

fn unreachable(address: &Address, reason: String) -> EngineError {
    EngineError::Unreachable { address: address.shown().to_owned(), reason }
}
