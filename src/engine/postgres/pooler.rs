//! A transaction pooler between us and the server would take our session apart.
//!
//! Behind one, two clients can both be given the same session lock, and it stays behind when both have left. It shows
//! when two of our connections are served by one server session, or one of ours by two in turn.

use sqlx::{Connection, PgConnection, Row};

use super::{connect, refusal};
use crate::engine::EngineError;

/// How often it is looked. One look sees nothing where somebody else is given our session in between, and the second connection another.
const LOOKS: usize = 3;

const NEEDED: &str = "a connection that is one session from beginning to end: set target.direct_url";

/// What is said to whoever wants to work behind one.
pub(super) fn refused() -> EngineError {
    EngineError::Unsupported { found: "a transaction pooler".to_owned(), needed: NEEDED }
}

/// Whether `connection`, which was served by `before`, shares its sessions with `other` beside it. A transaction is then
/// open on `other`, to be [left](leave).
///
/// # Errors
/// The server's.
pub(super) async fn is_there(
    connection: &mut PgConnection,
    before: i32,
    other: &mut PgConnection,
) -> Result<bool, EngineError> {
    let look = async {
        for nth in 0..LOOKS {
            if nth > 0 {
                sqlx::raw_sql("ROLLBACK").execute(&mut *other).await?;
            }
            let theirs = pid(other, "BEGIN; SELECT pg_backend_pid()").await?;
            let after = pid(connection, "SELECT pg_backend_pid()").await?;
            if before == theirs || before != after {
                return Ok::<_, sqlx::Error>(true);
            }
        }
        Ok(false)
    };
    connect::bounded(async { look.await.map_err(|error| refusal::of(&error)) }).await
}

/// Lets go of the second connection. Whatever becomes of it, it has nothing to lose.
pub(super) async fn leave(mut other: PgConnection) {
    let end = async {
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await?;
        other.close().await
    };
    let _ = connect::bounded(async { end.await.map_err(|error| refusal::of(&error)) }).await;
}

async fn pid(connection: &mut PgConnection, question: &'static str) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql(question).fetch_one(connection).await.and_then(|row| row.try_get(0))
}
