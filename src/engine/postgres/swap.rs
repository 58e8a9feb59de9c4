//! Two databases change names, in one transaction, behind a gate.
//!
//! `ALTER DATABASE … RENAME` may run in a transaction and needs the database to itself: it locks it against new
//! sessions first and then waits up to five seconds for the others to leave (PostgreSQL source, `RenameDatabase` and
//! `CountOtherDBBackends`; a session that begins waits for that lock, `InitPostgres`). That is the gate: while one
//! connection waits behind it, another shows the others out, all but the session that holds our lock. Once that is alone,
//! nobody can have the lock or the epoch any more but who has them then; it proves that this is us, and leaves, and the rename
//! goes through. Only then is it committed, so that whoever dies before has changed nothing.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::{select, time::sleep};

use super::{address::Address, connect, copy, refusal};
use crate::engine::{EngineError, Session, bookkeeping::lock};

/// Where one stands while a database is renamed; the second is there when the first was removed.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// It waits while others work, and its locks must outlast them. Servers before 14 do not know the setting.
const STAYS: &str = "SELECT set_config(s.name, '0', false) FROM pg_settings s WHERE s.name = 'idle_session_timeout'";

/// How long the renaming may take.
const RENAME_MS_MAX: u64 = 60_000;

/// How often the others are shown out meanwhile.
const SHOW_OUT_MS: u64 = 25;

/// How long the server keeps the gate shut for a client that says nothing any more.
const SILENT_S_MAX: u32 = 5;

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

/// The session that holds the lock, and the epoch of its run; without one, nothing is proved.
pub(super) type Holder = (Box<dyn Session>, Option<i64>);

/// What is left of the session that held the lock, and why the names are as they were.
pub(super) type Refusal = (Option<Box<dyn Session>>, EngineError);

/// Renames the live database to `old` and `copy` to the live one's name, both or neither, while lock and epoch are the
/// holder's. Its session ends in between.
///
/// # Errors
/// The server's; the names are then as they were, and the session comes with the error if it has not ended.
/// [`EngineError::Fenced`] when another run has taken over. Sessions of roles that we may not end are in the server's words.
pub(super) async fn names(
    address: &Address,
    maintenance: &mut PgConnection,
    copy: &str,
    old: &str,
    (session, epoch): Holder,
) -> Result<(), Refusal> {
    let live = &address.database;
    let asked = connect::bounded(pid(maintenance)).await;
    let (usher, first_in_line) = match (self::maintenance(address).await, asked) {
        (Ok(usher), Ok(pid)) => (usher, pid),
        (Err(error), _) | (_, Err(error)) => return Err((Some(session), error)),
    };
    let mut gate = Gate { usher, first_in_line, live, copy, epoch, session: Some(session), proved: None };
    // At once for both, as neither rename waits longer than five seconds; and not yet committed.
    let text = format!(
        "BEGIN;\nSET LOCAL idle_in_transaction_session_timeout = '{SILENT_S_MAX}s';\n\
         ALTER DATABASE {} RENAME TO {};\nALTER DATABASE {} RENAME TO {}",
        quoted(live),
        quoted(old),
        quoted(copy),
        quoted(live)
    );
    gate.show_out().await;
    let renamed = {
        let mut renaming = std::pin::pin!(copy::run(maintenance, text, RENAME_MS_MAX));
        loop {
            select! {
                renamed = &mut renaming => break renamed,
                () = sleep(Duration::from_millis(SHOW_OUT_MS)) => gate.keep().await,
            }
        }
    };
    let Gate { mut usher, session, proved, .. } = gate;
    let allowed = match (renamed, proved) {
        (Ok(()), Some(Ok(()))) => Ok(()),
        (_, Some(Err(error))) | (Err(error), _) => Err(error),
        (Ok(()), None) if ablated!("swap-proof") => Ok(()),
        // Our session has gone by itself, and nobody knows who had the lock since.
        (Ok(()), None) => Err(EngineError::Lost { reason: "the session that held the lock is gone".to_owned() }),
    };
    if let Err(error) = allowed {
        // It holds nothing but its place in the session, and the gate.
        let _ = copy::run(maintenance, "ROLLBACK".to_owned(), RENAME_MS_MAX).await;
        return Err((session, error));
    }
    failpoint!("restore.gated");
    committed(maintenance, &mut usher, old).await.map_err(|error| (None, error))
}

/// Commits; where the answer is lost, whether that happened is only to be seen from a connection that lives.
async fn committed(maintenance: &mut PgConnection, usher: &mut PgConnection, old: &str) -> Result<(), EngineError> {
    match copy::run(maintenance, "COMMIT".to_owned(), RENAME_MS_MAX).await {
        Err(error @ (EngineError::Lost { .. } | EngineError::TimedOut(_))) => {
            if exists(usher, old).await? {
                Ok(())
            } else {
                Err(error)
            }
        }
        committed => committed,
    }
}

async fn pid(connection: &mut PgConnection) -> Result<i32, EngineError> {
    let asked = sqlx::query_scalar("SELECT pg_backend_pid()").persistent(false).fetch_one(connection);
    asked.await.map_err(|error| refusal::of(&error))
}

/// Who stands at the gate while the databases change names.
struct Gate<'a> {
    usher: PgConnection,
    /// The session that renames.
    first_in_line: i32,
    live: &'a str,
    copy: &'a str,
    epoch: Option<i64>,
    /// The session that holds the lock, until it has proved that and left.
    session: Option<Box<dyn Session>>,
    /// What came of the proof.
    proved: Option<Result<(), EngineError>>,
}

impl Gate<'_> {
    /// Shows the others out, and once nobody is left nor can come in, lets our session prove what it holds and leave.
    async fn keep(&mut self) {
        self.show_out().await;
        if self.proved.is_some() || !self.is_alone().await {
            return;
        }
        let Some(session) = &mut self.session else { return };
        let proved = match self.epoch {
            Some(epoch) => must_be_held(session.as_mut(), epoch).await,
            None => Ok(()),
        };
        if proved.is_ok()
            && let Some(session) = self.session.take()
        {
            session.close().await;
        }
        self.proved = Some(proved);
    }

    /// Whether the gate is shut, and none but our session is within. What cannot be asked is not so.
    async fn is_alone(&mut self) -> bool {
        let ours = self.session.as_ref().and_then(|session| session.connection_id().parse::<i32>().ok());
        let asked = async {
            sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.objid \
                 WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass AND l.mode = 'AccessExclusiveLock' \
                   AND l.granted AND l.pid = $1 AND d.datname = $2) \
                 AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = $2 AND a.pid <> $3 \
                   AND coalesce(a.backend_type, 'client backend') = 'client backend')",
            )
            .bind(self.first_in_line)
            .bind(self.live)
            .bind(ours.unwrap_or_default())
            .persistent(false)
            .fetch_one(&mut self.usher)
            .await
            .map_err(|error| refusal::of(&error))
        };
        connect::bounded(asked).await.unwrap_or(false)
    }

    /// Ends the other sessions of both databases, as far as we may; the rename tells of those that stay.
    async fn show_out(&mut self) {
        let ours = self.session.as_ref().and_then(|session| session.connection_id().parse::<i32>().ok());
        let asked = async {
            sqlx::query(
                "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid \
                 WHERE a.datname IN ($1, $2) AND a.pid NOT IN (pg_backend_pid(), $3) AND (pg_has_role(r.oid, 'MEMBER') \
                      OR pg_has_role('pg_signal_backend', 'MEMBER') AND NOT r.rolsuper)",
            )
            .bind(self.live)
            .bind(self.copy)
            .bind(ours.unwrap_or_default())
            .persistent(false)
            .execute(&mut self.usher)
            .await
            .map_err(|error| refusal::of(&error))
        };
        if let Err(error) = connect::bounded(asked).await {
            tracing::debug!(%error, "sessions could not be ended: {error}");
        }
    }
}

/// Proves that a run may still write: its session holds the lock, and the epoch is its own.
async fn must_be_held(session: &mut dyn Session, epoch: i64) -> Result<(), EngineError> {
    if ablated!("swap-proof") {
        return Ok(());
    }
    let holder = session.lock_owner().await?.map(|owner| owner.connection);
    if holder.as_deref() != Some(session.connection_id()) {
        return Err(EngineError::Fenced { ours: epoch });
    }
    lock::must_be_ours(session, epoch).await
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
    let text = format!("DROP DATABASE IF EXISTS {}", quoted(database));
    match copy::run(maintenance, format!("{text} WITH (FORCE)"), RENAME_MS_MAX).await {
        // A session that we may not end, such as the server's own vacuum. Without FORCE the server waits five seconds for those
        // to leave, and calls its vacuum off (PostgreSQL source, `CountOtherDBBackends`).
        Err(EngineError::Refused { code, .. }) if code == refusal::NOT_ALLOWED => {
            copy::run(maintenance, text, RENAME_MS_MAX).await
        }
        dropped => dropped,
    }
}

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
