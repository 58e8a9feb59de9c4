//! Two databases change names, in one transaction.
//!
//! `ALTER DATABASE … RENAME` may run in a transaction and needs the database to itself: it locks it against new
//! sessions first and then waits up to five seconds for the others to leave (PostgreSQL source, `RenameDatabase` and
//! `CountOtherDBBackends`). So while one connection renames, another shows the others out; whoever comes in between waits
//! at the lock and finds the new database.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::{select, time::sleep};

use super::{address::Address, connect, copy, refusal};
use crate::engine::EngineError;

/// Where one stands while a database is renamed; the second is there when the first was removed.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// It waits while others work, and its locks must outlast them. Servers before 14 do not know the setting.
const STAYS: &str = "SELECT set_config(s.name, '0', false) FROM pg_settings s WHERE s.name = 'idle_session_timeout'";

/// How long the renaming may take.
const RENAME_MS_MAX: u64 = 60_000;

/// How often the others are shown out meanwhile.
const SHOW_OUT_MS: u64 = 100;

/// Opens a connection beside the database, to a database of the same server.
///
/// # Errors
/// [`EngineError::Unreachable`] when there is no other database that lets us in.
pub(super) async fn maintenance(address: &Address) -> Result<PgConnection, EngineError> {
    let mut refused = None;
    for database in MAINTENANCE.into_iter().filter(|database| *database != address.database) {
        match connect::raw(&address.within(database)).await {
            Ok(mut connection) => {
                connect::bounded(copy::run(&mut connection, STAYS.to_owned(), RENAME_MS_MAX)).await?;
                return Ok(connection);
            }
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(EngineError::Unreachable {
        address: address.shown.clone(),
        reason: "there is no maintenance database".to_owned(),
    }))
}

/// Renames `live` to `old` and `copy` to `live`, both or neither.
///
/// # Errors
/// The server's; the names are then as they were. Sessions of roles that we may not end are in the server's words.
pub(super) async fn names(
    address: &Address,
    maintenance: &mut PgConnection,
    copy: &str,
    old: &str,
) -> Result<(), EngineError> {
    let live = &address.database;
    let mut usher = self::maintenance(address).await?;
    // At once for both, as neither rename waits longer than five seconds.
    let text = format!(
        "BEGIN;\nALTER DATABASE {} RENAME TO {};\nALTER DATABASE {} RENAME TO {};\nCOMMIT",
        quoted(live),
        quoted(old),
        quoted(copy),
        quoted(live)
    );
    show_out(&mut usher, live, copy).await;
    let renamed = {
        let mut renaming = std::pin::pin!(copy::run(maintenance, text, RENAME_MS_MAX));
        loop {
            select! {
                renamed = &mut renaming => break renamed,
                () = sleep(Duration::from_millis(SHOW_OUT_MS)) => show_out(&mut usher, live, copy).await,
            }
        }
    };
    match renamed {
        Ok(()) => Ok(()),
        Err(error) if matches!(error, EngineError::Lost { .. } | EngineError::TimedOut(_)) => {
            // Whether it was committed is only to be seen from a connection that lives.
            if exists(&mut usher, old).await? { Ok(()) } else { Err(error) }
        }
        Err(error) => {
            // The transaction failed and holds nothing but its place in the session.
            let _ = connect::bounded(copy::run(maintenance, "ROLLBACK".to_owned(), RENAME_MS_MAX)).await;
            Err(error)
        }
    }
}

/// Ends the other sessions of both databases, as far as we may; the rename tells of those that stay.
async fn show_out(usher: &mut PgConnection, live: &str, copy: &str) {
    let asked = async {
        sqlx::query(
            "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid \
             WHERE a.datname IN ($1, $2) AND a.pid <> pg_backend_pid() AND (pg_has_role(r.oid, 'MEMBER') \
                  OR pg_has_role('pg_signal_backend', 'MEMBER') AND NOT r.rolsuper)",
        )
        .bind(live)
        .bind(copy)
        .persistent(false)
        .execute(usher)
        .await
        .map_err(|error| refusal::of(&error))
    };
    if let Err(error) = connect::bounded(asked).await {
        tracing::debug!(%error, "sessions could not be ended: {error}");
    }
}

async fn exists(connection: &mut PgConnection, database: &str) -> Result<bool, EngineError> {
    let asked = async {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database d WHERE d.datname = $1)")
            .bind(database)
            .persistent(false)
            .fetch_one(connection)
            .await
            .map_err(|error| refusal::of(&error))
    };
    connect::bounded(asked).await
}

/// Drops a database that is ours to drop, if it is there.
///
/// # Errors
/// The server's.
pub(super) async fn drop_database(maintenance: &mut PgConnection, database: &str) -> Result<(), EngineError> {
    // FORCE ends its other sessions (PostgreSQL manual, "DROP DATABASE", since 13).
    let text = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(database));
    copy::run(maintenance, text, RENAME_MS_MAX).await
}

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
