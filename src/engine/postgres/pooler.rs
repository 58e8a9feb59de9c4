//! A transaction pooler between us and the server would take our session apart.
//!
//! Behind one, two clients can both be given the same session lock, and it stays behind when both have left. It shows
//! when two of our connections are served by one server session, or one of ours by two in turn.

use sqlx::{Connection, PgConnection};

use super::{address::Address, connect, refusal};
use crate::engine::EngineError;

const NEEDED: &str = "a connection that is one session from beginning to end: set target.direct_url";

/// Checks that `connection` is a session of its own. A server that gives no second connection leaves the question open.
///
/// # Errors
/// [`EngineError::Unsupported`] behind a transaction pooler.
pub(super) async fn must_be_absent(connection: &mut PgConnection, address: &Address) -> Result<(), EngineError> {
    let Ok(mut other) = connect::raw(address).await else { return Ok(()) };
    let pooled = connect::bounded(is_pooled(connection, &mut other)).await;
    // Whatever becomes of the second connection, it has nothing to lose.
    let _ = connect::bounded(async { other.close().await.map_err(|error| refusal::of(&error)) }).await;
    if pooled? {
        return Err(EngineError::Unsupported { found: "a transaction pooler".to_owned(), needed: NEEDED });
    }
    Ok(())
}

async fn is_pooled(ours: &mut PgConnection, other: &mut PgConnection) -> Result<bool, EngineError> {
    let look = async {
        let before = pid(&mut *ours).await?;
        let mut held = other.begin().await?;
        let theirs = pid(&mut held).await?;
        let after = pid(ours).await?;
        held.rollback().await?;
        Ok::<_, sqlx::Error>(before == theirs || before != after)
    };
    look.await.map_err(|error| refusal::of(&error))
}

async fn pid(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_backend_pid()").persistent(false).fetch_one(connection).await
}
