//! The target's lock: an advisory lock of the working session.
//!
//! Advisory locks belong to one database and to the session that took them; they end with the session, also when its
//! client was killed, and only after the statement that was running (PostgreSQL manual, "Advisory Locks"). Being the
//! working session's own, the lock therefore lasts as long as a statement that outlives its client.

use sqlx::{PgConnection, Row};

use super::{hearing, refusal};
use crate::engine::{EngineError, Owner};

/// The lock's name: the bytes of `windlass`. The server knows it by its halves, `classid` and `objid` of `pg_locks`.
const KEY: i64 = i64::from_be_bytes(*b"windlass");

/// Who holds the lock, as a condition on `pg_locks l`; an 8-byte key has `objsubid` 1 (PostgreSQL manual, System Views).
fn held() -> String {
    format!(
        "SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
         AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
         AND l.classid = {}::oid AND l.objid = {}::oid",
        KEY >> 32,
        KEY & 0xffff_ffff
    )
}

/// Takes the lock if it is free. Asking again while holding it does not take it twice.
pub(super) async fn try_take(connection: &mut PgConnection) -> Result<bool, EngineError> {
    let ours = format!("{} AND l.pid = pg_backend_pid()", held());
    ask(connection, format!("SELECT CASE WHEN EXISTS ({ours}) THEN true ELSE pg_try_advisory_lock({KEY}) END")).await
}

/// Whether anybody holds it.
pub(super) async fn is_held(connection: &mut PgConnection) -> Result<bool, EngineError> {
    ask(connection, format!("SELECT EXISTS ({})", held())).await
}

/// The session that holds it.
pub(super) async fn owner(connection: &mut PgConnection) -> Result<Option<Owner>, EngineError> {
    let row = sqlx::raw_sql(sqlx::AssertSqlSafe(held())).fetch_optional(connection).await;
    let pid: Option<i32> =
        row.and_then(|row| row.map(|row| row.try_get(0)).transpose()).map_err(|error| refusal::of(&error))?;
    Ok(pid.map(|pid| Owner { connection: pid.to_string(), beat: None }))
}

/// Ends the session `pid`, if it holds the lock (PostgreSQL manual, "Server Signaling Functions").
pub(super) async fn end(connection: &mut PgConnection, pid: i32) -> Result<(), EngineError> {
    let sql = format!("SELECT pg_terminate_backend(h.pid) FROM ({}) h WHERE h.pid = {pid}", held());
    let told = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_optional(connection).await;
    told.map(drop).map_err(|error| refusal::of(&error))
}

/// Gives it back, if this session holds it, at its very end: whoever looks at the target hears of it.
pub(super) async fn leave(connection: &mut PgConnection) -> Result<(), EngineError> {
    let sql = format!("{};\n{}", giving_back(), hearing::CALL);
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.map(drop).map_err(|error| refusal::of(&error))
}

/// Gives it back, if this session holds it.
pub(super) async fn release(connection: &mut PgConnection) -> Result<(), EngineError> {
    ask(connection, giving_back()).await.map(|_| ())
}

fn giving_back() -> String {
    format!(
        "SELECT CASE WHEN EXISTS ({} AND l.pid = pg_backend_pid()) THEN pg_advisory_unlock({KEY}) ELSE false END",
        held()
    )
}

/// Takes a lock that stands for the lock of `database`, from beside it, if it is free.
pub(super) async fn try_take_beside(connection: &mut PgConnection, database: &str) -> Result<bool, EngineError> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($2, $1))")
        .bind(KEY)
        .bind(database)
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(|error| refusal::of(&error))
}

/// Gives a lock back that was taken from beside.
pub(super) async fn release_beside(connection: &mut PgConnection, database: &str) -> Result<(), EngineError> {
    let freed = sqlx::query_scalar::<_, bool>("SELECT pg_advisory_unlock(hashtextextended($2, $1))");
    let freed = freed.bind(KEY).bind(database).persistent(false).fetch_one(connection).await;
    freed.map(drop).map_err(|error| refusal::of(&error))
}

/// One message: with nothing bound there is nothing to prepare.
async fn ask(connection: &mut PgConnection, sql: String) -> Result<bool, EngineError> {
    let row = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await;
    row.and_then(|row| row.try_get(0)).map_err(|error| refusal::of(&error))
}
