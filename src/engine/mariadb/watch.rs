//! Watches over a statement that may take as long as it needs: an answer that can no longer come must not be waited for.
//!
//! A connection that vanishes without a word (a firewall, a power cut) looks like a long statement, and sqlx sets neither
//! TCP keepalive nor a time limit. So a second connection asks the server now and then whether it is still at work for us.

use std::{future::Future, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlRow},
};
use tokio::time::{Instant, sleep, timeout};

use super::{rows, session::understood};
use crate::engine::{EngineError, Value};

/// How long between two looks.
const LOOK_EVERY_S: u64 = 5;

/// How long a look may take.
const LOOK_MS_MAX: u64 = 5_000;

/// So many looks in a row must find the server idle: one may fall between the end of a statement and its answer.
const IDLE_LOOKS: u32 = 3;

/// How long the server may be out of reach before its answer is no longer waited for.
const UNREACHABLE_S_MAX: u64 = 25;

/// Whether the server works for connection `id`. An account sees its own connections without the PROCESS privilege
/// (MariaDB manual, "SHOW PROCESSLIST").
const AT_WORK: &str = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ? AND command <> 'Sleep'";

/// Waits for `answer`, as long as the server is at work for connection `id`.
///
/// # Errors
/// The answer's own; [`EngineError::Lost`] when none can come any more.
pub(super) async fn watched<T>(
    options: &MySqlConnectOptions,
    id: &str,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, EngineError> {
    tokio::select! {
        biased;
        answer = answer => answer.map_err(|error| understood(&error)),
        reason = gone(options, id) => Err(EngineError::Lost { reason }),
    }
}

/// Ends, with the reason, when no answer can come any more.
async fn gone(options: &MySqlConnectOptions, id: &str) -> String {
    let mut idle = 0;
    let mut seen = Instant::now();
    loop {
        sleep(Duration::from_secs(LOOK_EVERY_S)).await;
        let look = timeout(Duration::from_millis(LOOK_MS_MAX), is_at_work(options, id)).await;
        let Ok(Ok(at_work)) = look else {
            if seen.elapsed() > Duration::from_secs(UNREACHABLE_S_MAX) {
                return format!("the server could not be reached for {UNREACHABLE_S_MAX} s");
            }
            continue;
        };
        seen = Instant::now();
        idle = if at_work { 0 } else { idle + 1 };
        if idle == IDLE_LOOKS {
            return format!("the server is not at work for connection {id} any more, and its answer did not come");
        }
    }
}

/// Tells the server to end connection `id`, whose answer nobody waits for any more; not waited for.
pub(super) fn end(options: &MySqlConnectOptions, id: &str) {
    let (options, thread) = (options.clone(), id.parse::<u64>().unwrap_or_default());
    tokio::spawn(timeout(Duration::from_millis(LOOK_MS_MAX), async move {
        let mut connection = MySqlConnection::connect_with(&options).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("KILL CONNECTION {thread}"))).execute(&mut connection).await?;
        connection.close().await
    }));
}

async fn is_at_work(options: &MySqlConnectOptions, id: &str) -> Result<bool, sqlx::Error> {
    let mut connection = MySqlConnection::connect_with(options).await?;
    let row: MySqlRow = rows::bound(AT_WORK, &[Value::from(id)]).fetch_one(&mut connection).await?;
    let _ = connection.close().await;
    let count = rows::read(&row).map(|row| row.int(0));
    Ok(matches!(count, Ok(Ok(Some(1..)))))
}
