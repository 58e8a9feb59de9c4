//! SQLite: a file. One raw connection for each session; the lock is an OS lock on a file beside the database.

mod batch;
mod content;
mod copy;
mod definition;
mod dump;
mod fault;
mod fence;
mod introspect;
mod lock;
mod lookout;
mod native;
mod open;
mod pages;
mod restore;
mod room;
mod rows;
mod scratch;
mod session;
mod sizes;
mod stage;
mod tables;
mod transact;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;

use self::open::Access;
use super::{DdlScope, DumpSink, DumpSource, Dumped, Engine, EngineError, Lookout, RestoreError, Room, Session, Words};
use crate::{model::snapshot::Manifest, sql::Dialect};

/// Where the database lies.
#[derive(Debug, Clone)]
struct Place {
    /// The file, absolute.
    path: PathBuf,
    /// What is said of it: `sqlite:data/app.db`.
    address: String,
}

/// A SQLite database file.
struct Sqlite {
    place: Place,
}

/// The engine for `sqlite:path` or `sqlite://path`; a relative path starts at the folder of the process. Touches no file.
///
/// # Errors
/// [`EngineError::Address`] for a database in memory, an empty path, or options behind a `?`.
pub(super) fn at(url: &str) -> Result<Arc<dyn Engine>, EngineError> {
    let refused = |reason: &str| EngineError::Address { reason: reason.to_owned() };
    let rest = url.strip_prefix("sqlite:").ok_or_else(|| refused("it does not begin with sqlite:"))?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() {
        return Err(refused("it names no file; write sqlite:path/to/app.db"));
    }
    if path.starts_with(":memory:") {
        return Err(refused(
            "a database in memory lives in one connection; a run and the health check cannot share it",
        ));
    }
    if path.contains('\0') {
        return Err(refused("its path holds a NUL"));
    }
    if path.contains('?') {
        return Err(refused("options after ? are not taken; write the path of the file alone"));
    }
    // Absolute, so that SQLite never reads the name as a `file:` URI (SQLite manual, "URI Filenames").
    let absolute = std::path::absolute(path).map_err(|error| refused(&error.to_string()))?;
    Ok(Arc::new(Sqlite { place: Place { path: absolute, address: format!("sqlite:{path}") } }))
}

#[async_trait]
impl Engine for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn ddl_scope(&self) -> DdlScope {
        DdlScope::Transaction
    }

    fn words(&self) -> &'static Words {
        &tables::WORDS
    }

    fn address(&self) -> &str {
        &self.place.address
    }

    /// Creates the file (mode 600) and its folder (mode 700) when they are missing.
    async fn open(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(session::SqliteSession::open(&self.place, Access::Write).await?))
    }

    /// A missing file stays missing: it is an empty database, and an empty one in memory stands in for it.
    async fn open_to_read(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(session::SqliteSession::open(&self.place, Access::Read).await?))
    }

    async fn lookout(&self) -> Result<Box<dyn Lookout>, EngineError> {
        Ok(Box::new(lookout::SqliteLookout(self.place.clone())))
    }

    async fn cancel(&self, connection_id: &str) -> Result<(), EngineError> {
        watch::stop(connection_id);
        Ok(())
    }

    async fn dump(&self, scratch: &Path, sink: DumpSink, export: Option<DumpSink>) -> Result<Dumped, EngineError> {
        dump::dump(&self.place, scratch, sink, export).await
    }

    async fn restore(
        &self,
        mut session: Box<dyn Session>,
        scratch: &Path,
        source: DumpSource,
        manifest: &Manifest,
        epoch: Option<i64>,
    ) -> Result<Box<dyn Session>, RestoreError> {
        match restore::restore(&self.place, session.as_mut(), scratch, source, manifest, epoch).await {
            Ok(()) => Ok(session),
            Err(error) => Err(RestoreError { session: Some(session), error }),
        }
    }

    async fn trial(&self, scratch: &Path, source: DumpSource, manifest: &Manifest) -> Result<(), EngineError> {
        restore::trial(&self.place, scratch, source, manifest).await
    }

    fn beside(&self, name: &str) -> Result<Arc<dyn Engine>, EngineError> {
        at(&format!("sqlite:{name}"))
    }

    async fn create(&self) -> Result<bool, EngineError> {
        let was_there = self.place.path.exists();
        Box::new(session::SqliteSession::open(&self.place, Access::Write).await?).close().await;
        Ok(!was_there)
    }

    async fn room(&self) -> Result<Room, EngineError> {
        room::of(&self.place)
    }

    fn scratch_bytes(&self, database_bytes: u64) -> u64 {
        database_bytes
    }

    fn dump_ending(&self) -> &'static str {
        "db"
    }

    fn open_by_hand(&self) -> &'static str {
        "{open} >app.db && sqlite3 app.db 'PRAGMA integrity_check'"
    }
}
