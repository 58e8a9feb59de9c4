//! A transaction pooler between us and the server would take our session apart.
//!
//! Behind one, two clients can both be given the same session lock, and it stays behind when both have left. It shows
//! when two of our connections are served by one server session, or one of ours by two in turn.

use sqlx::{Connection, PgConnection, Row};

use super::{connect, refusal};
use crate::engine::EngineError;

const NEEDED: &str = "a connection that is one session from beginning to end: set target.direct_url";

/// What is said to whoever wants to work behind one.
pub(super) fn refused() -> EngineError {
    EngineError::Unsupported { found: "a transaction pooler".to_owned(), needed: NEEDED }
}

/// Whether `connection`, which was served by `before`, shares its sessions with `other` beside it.
///
/// # Errors
/// The server's.
pub(super) async fn is_there(
    connection: &mut PgConnection,
    before: i32,
    mut other: PgConnection,
) -> Result<bool, EngineError> {
    let pooled = connect::bounded(is_pooled(connection, before, &mut other)).await;
    // Whatever becomes of the second connection, it has nothing to lose.
    let _ = connect::bounded(async { other.close().await.map_err(|error| refusal::of(&error)) }).await;
    pooled
}

async fn is_pooled(ours: &mut PgConnection, before: i32, other: &mut PgConnection) -> Result<bool, EngineError> {
    let look = async {
        let mut held = other.begin().await?;
        let theirs = pid(&mut held).await?;
        let after = pid(ours).await?;
        held.rollback().await?;
        Ok::<_, sqlx::Error>(before == theirs || before != after)
    };
    look.await.map_err(|error| refusal::of(&error))
}

async fn pid(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await.and_then(|row| row.try_get(0))
}
