//! A transaction pooler between us and the server would take our session apart.
//!
//! Behind one, two clients can both be given the same session lock, and it stays behind when both have left. It shows
//! when two of our connections are served by one server session, or one of ours by two in turn.

use sqlx::{Connection, PgConnection, Row};

use super::{connect, refusal};
use crate::engine::EngineError;

const NEEDED: &str = "a connection that is one session from beginning to end: set target.direct_url";

/// Checks that `connection` is a session of its own, by `other` beside it.
///
/// # Errors
/// [`EngineError::Unsupported`] behind a transaction pooler.
pub(super) async fn must_be_absent(connection: &mut PgConnection, mut other: PgConnection) -> Result<(), EngineError> {
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
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await.and_then(|row| row.try_get(0))
}
