//! Opening the file: modes, durability, and what is said when it cannot be opened.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use ulid::Ulid;

use super::{EngineError, Place, fault, native, rows};
use crate::engine::Value;

/// How long opening may take; a file on a stalled network disk would hang for ever.
const CONNECT_MS_MAX: u64 = 10_000;

/// How long a statement waits for another connection when nothing else is said.
pub(super) const LOCK_TIMEOUT_MS: u64 = 5_000;

/// The same for a connection that looks: less than a look at health may take, which is to hear that it was kept out.
const LOOK_LOCK_TIMEOUT_MS: u64 = 4_000;

/// The first read of a file: whether it is a database at all comes out here.
const FIRST_LOOK: &str = "SELECT count(*) FROM sqlite_schema";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Looking only; nothing is created.
    Read,
    /// Everything; what is missing is created.
    Write,
}

/// Opens a connection to the target.
///
/// # Errors
/// [`EngineError::Unreachable`] when it is no database, damaged or not to be opened; [`EngineError::ReadOnly`] when it is
/// opened for writing and cannot be written.
pub(super) async fn connect(place: &Place, access: Access) -> Result<SqliteConnection, EngineError> {
    let fresh = match access {
        Access::Write => prepare(place)?,
        Access::Read => false,
    };
    let limit = Duration::from_millis(CONNECT_MS_MAX);
    tokio::time::timeout(limit, settle(place, access, fresh)).await.map_err(|_| EngineError::Unreachable {
        address: place.address.clone(),
        reason: format!("the file did not open within {CONNECT_MS_MAX} ms"),
    })?
}

/// Rolls back what a process left that died in the middle of a transaction with a rollback journal. Whoever reads next does that in
/// SQLite, but a connection that may only read cannot, and refuses every question (SQLite manual, "File Locking And Concurrency In
/// SQLite Version 3", section 4.2, and `SQLITE_READONLY_ROLLBACK`).
async fn roll_back(place: &Place) -> Result<(), sqlx::Error> {
    let mut connection = options(&place.path).create_if_missing(false).connect().await?;
    let rolled_back = rows::number(&mut connection, FIRST_LOOK).await;
    connection.close().await?;
    rolled_back.map(|_| ())
}

/// Options for a file of any use; statements are never logged by the driver, for they may hold data.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_millis(LOCK_TIMEOUT_MS))
        .disable_statement_logging()
}

async fn settle(place: &Place, access: Access, fresh: bool) -> Result<SqliteConnection, EngineError> {
    match settled(place, access, fresh).await {
        Err(error) if fault::is_to_be_rolled_back(&error) => {
            roll_back(place).await.map_err(|error| fault::on_opening(place, &error))?;
            settled(place, access, fresh).await
        }
        settled => settled,
    }
    .map_err(|error| fault::on_opening(place, &error))?
    // SQLite opens a file that it may not write for reading, without a word (SQLite manual, `sqlite3_open_v2`).
    .ok_or_else(|| EngineError::ReadOnly { address: place.address.clone() })
}

/// `None`: it cannot be written, as is asked for.
async fn settled(place: &Place, access: Access, fresh: bool) -> Result<Option<SqliteConnection>, sqlx::Error> {
    let options = options(&place.path);
    let options = match access {
        Access::Read if !place.path.exists() => options.in_memory(true).pragma("query_only", "ON"),
        Access::Read => options.read_only(true).busy_timeout(Duration::from_millis(LOOK_LOCK_TIMEOUT_MS)),
        Access::Write => options,
    };
    let mut connection = options.connect().await?;
    rows::number(&mut connection, FIRST_LOOK).await?;
    if access == Access::Write {
        keep_safe(&mut connection, fresh).await?;
        if native::is_read_only(&mut connection).await? {
            return Ok(None);
        }
    }
    Ok(Some(connection))
}

/// Sets what makes a commit outlive a power cut: `synchronous` FULL in WAL mode and EXTRA with a rollback journal (with
/// less, acknowledged commits were lost in simulated power cuts; SQLite manual, "PRAGMA synchronous").
///
/// A new file gets WAL, in which readers and the writer do not block each other; an existing file keeps its mode, which is
/// its owner's choice (WAL does not work on network disks; SQLite manual, "Write-Ahead Logging").
///
/// # Errors
/// The driver's.
pub(super) async fn keep_safe(connection: &mut SqliteConnection, fresh: bool) -> Result<(), sqlx::Error> {
    if fresh {
        // Changing the mode needs the file alone and does not wait; whoever opened it in the same moment does it then.
        let _ = rows::one(connection, "PRAGMA journal_mode = WAL").await;
    }
    let level = if is_wal(connection).await? { "FULL" } else { "EXTRA" };
    rows::run(connection, &format!("PRAGMA synchronous = {level}")).await?;
    Ok(())
}

/// Whether the database is in WAL mode.
///
/// # Errors
/// The driver's.
pub(super) async fn is_wal(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(matches!(rows::one(connection, "PRAGMA journal_mode").await?, Value::Text(mode) if mode == "wal"))
}

/// Creates what is missing; true when the file is empty.
///
/// A file that exists is never opened here: closing it again would drop the locks that SQLite holds on it in this process
/// (SQLite manual, "How To Corrupt An SQLite Database File", section 2.2). A missing one is made under another name, closed,
/// and only then given its own.
fn prepare(place: &Place) -> Result<bool, EngineError> {
    let refuse = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            EngineError::ReadOnly { address: place.address.clone() }
        }
        _ => EngineError::Unreachable { address: place.address.clone(), reason: error.to_string() },
    };
    match fs::metadata(&place.path) {
        Ok(metadata) => Ok(metadata.len() == 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&place.path).map(|()| true).map_err(refuse),
        Err(error) => Err(refuse(error)),
    }
}

fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let aside = path.with_added_extension(format!("windlass-{}", Ulid::generate()));
    drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?);
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
