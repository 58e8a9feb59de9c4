//! A statement may take hours; a connection that is dead must not.
//!
//! The driver sets no keepalive, so that a server that vanished behind a silent network would be waited for without
//! end. While a statement runs, a second connection asks now and then whether its session is still there.

use std::{future::Future, pin::pin, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::{
    select,
    time::{sleep, timeout},
};

use super::{address::Address, connect, refusal};
use crate::engine::EngineError;

/// How long a statement runs before anybody wonders, and between two questions.
const WONDER_MS: u64 = 5_000;

/// How long a question may take; three that go unanswered make half a minute, about as long as the server itself waits for
/// us (`tcp_*` of the session).
const LOOK_MS_MAX: u64 = 5_000;

/// How long an answer may be on its way after its session has ended.
const LAST_WORDS_MS: u64 = 2_000;

/// So many questions in a row may go unanswered.
const SILENT_MAX: u32 = 3;

/// What a second connection found out.
enum Sight {
    There,
    Gone,
    Silence,
}

/// Waits for `work`, which the session `pid`, begun at `started`, is doing.
///
/// # Errors
/// [`EngineError::Lost`] once the session has ended or the server is silent; `work` may or may not have taken effect.
pub(super) async fn over<T>(
    address: &Address,
    pid: &str,
    started: &str,
    work: impl Future<Output = T>,
) -> Result<T, EngineError> {
    let mut work = pin!(work);
    let mut silent = 0;
    loop {
        let look = async {
            sleep(Duration::from_millis(WONDER_MS)).await;
            let looked = timeout(Duration::from_millis(LOOK_MS_MAX), look(address, pid, started)).await;
            looked.unwrap_or(Sight::Silence)
        };
        let sight = select! { done = &mut work => return Ok(done), sight = look => sight };
        match sight {
            Sight::There => silent = 0,
            Sight::Silence if silent + 1 < SILENT_MAX => silent += 1,
            Sight::Silence | Sight::Gone => break,
        }
    }
    select! {
        done = &mut work => Ok(done),
        () = sleep(Duration::from_millis(LAST_WORDS_MS)) => {
            Err(EngineError::Lost { reason: "the server is silent, or has ended the session".to_owned() })
        }
    }
}

async fn look(address: &Address, pid: &str, started: &str) -> Sight {
    let mut connection = match connect::raw(address).await {
        Ok(connection) => connection,
        Err(_) if !answers(address).await => return Sight::Silence,
        // It refuses us, for want of a free connection perhaps, and so it lives.
        Err(_) => return Sight::There,
    };
    let found = connect::bounded(is_there(&mut connection, pid, started)).await;
    let _ = connect::bounded(async { connection.close().await.map_err(|error| refusal::of(&error)) }).await;
    match found {
        Ok(true) => Sight::There,
        Ok(false) => Sight::Gone,
        Err(_) => Sight::Silence,
    }
}

/// Whether the server says anything at all, were it a refusal.
async fn answers(address: &Address) -> bool {
    let limit = Duration::from_millis(LAST_WORDS_MS);
    let said = timeout(limit, PgConnection::connect_with(&address.options)).await;
    said.is_ok_and(|opened| opened.as_ref().map_or_else(|error| refusal::server(error).is_some(), |_| true))
}

async fn is_there(connection: &mut PgConnection, pid: &str, started: &str) -> Result<bool, EngineError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid::text = $1 AND ($2 = '' OR a.backend_start::text = $2))",
    )
    .bind(pid)
    .bind(started)
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(|error| refusal::of(&error))
}
