//! A file of its own for one job, in the folder that is given.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::{ConnectOptions, Connection};
use tokio::task;
use ulid::Ulid;

use super::{
    Place, Sqlite, fault,
    open::{self, Access},
    rows,
    scratch::Scratch as File,
};
use crate::engine::{DumpSink, DumpSource, Engine, EngineError, Probe, Scratch, Server, Stage, Value};

/// The size of a piece.
const PIECE_BYTES: usize = 128 * 1024;

/// What makes everything but the tables that a virtual table makes for itself, in the order in which it was made (SQLite
/// manual, `PRAGMA table_list`).
const MADE_BY: &str = "SELECT s.sql FROM sqlite_schema s WHERE s.sql IS NOT NULL AND s.name NOT LIKE 'sqlite!_%' ESCAPE '!' \
                       AND NOT EXISTS (SELECT 1 FROM pragma_table_list l WHERE l.schema = 'main' AND l.type = 'shadow' \
                                       AND l.name = s.tbl_name) \
                       ORDER BY s.type <> 'table', s.rowid";

/// A file that is made for one job.
struct SqliteScratch(Place);

#[async_trait]
impl Stage for Sqlite {
    async fn set(&self, folder: &Path) -> Result<Box<dyn Scratch>, EngineError> {
        let path = folder.join(format!("rehearsal-{}.db", Ulid::generate()));
        Ok(Box::new(SqliteScratch(Place { address: format!("sqlite:{}", path.display()), path })))
    }

    /// Others may read meanwhile and may not write, from BEGIN IMMEDIATE on (SQLite manual, "File Locking And Concurrency").
    fn probe(&self) -> Option<Probe> {
        Some(Probe::OfTheWhole("write lock"))
    }

    async fn fill(&self, _: &Path, source: DumpSource, _: &Server) -> Result<(), EngineError> {
        let path = self.place.path.clone();
        on_a_thread(move || receive(&path, source)).await
    }

    async fn dump_schema(&self, folder: &Path, sink: DumpSink) -> Result<(), EngineError> {
        let place = &self.place;
        let refused = |error: sqlx::Error| fault::in_session(place, &error, None);
        let file = File::within(folder)?;
        let mut from = open::connect(place, Access::Read).await?;
        let mut to = open::options(file.path()).connect().await.map_err(refused)?;
        for row in rows::ask(&mut from, MADE_BY, &[]).await.map_err(refused)? {
            if let Some(Value::Text(sql)) = row.0.first() {
                rows::run(&mut to, sql).await.map_err(refused)?;
            }
        }
        let _ = (from.close().await, to.close().await);
        on_a_thread(move || send(file.path(), &sink)).await
    }
}

#[async_trait]
impl Scratch for SqliteScratch {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(Sqlite { place: self.0.clone() })
    }

    async fn remove(self: Box<Self>) -> Result<(), EngineError> {
        for ending in ["", "-journal", "-wal", "-shm", ".windlass-lock"] {
            let mut path = self.0.path.clone().into_os_string();
            path.push(ending);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(fault::on_file(&PathBuf::from(path), error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    task::spawn_blocking(work).await.map_err(|error| EngineError::Lost { reason: error.to_string() })?
}

fn receive(path: &Path, mut source: DumpSource) -> Result<(), EngineError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let on_file = |error| fault::on_file(path, error);
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut sink = made.map_err(on_file)?;
    while let Some(piece) = source.blocking_recv() {
        sink.write_all(&piece.map_err(on_file)?).map_err(on_file)?;
    }
    Ok(())
}

fn send(path: &Path, sink: &DumpSink) -> Result<(), EngineError> {
    let on_file = |error| fault::on_file(path, error);
    let mut file = std::fs::File::open(path).map_err(on_file)?;
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).map_err(on_file)?;
        piece.truncate(read);
        if read == 0 {
            return Ok(());
        }
        if sink.blocking_send(Bytes::from(piece)).is_err() {
            return Err(EngineError::Lost { reason: "nobody takes the schema any more".to_owned() });
        }
    }
}
