//! The database into a stream: SQLite's online backup into a private file, which is then sent.

use std::{fs::File, io::Read, path::Path};

use bytes::Bytes;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::task;

use super::{
    DumpSink, EngineError, Place,
    copy::{self, Source},
    fault,
    open::{self, Access},
    rows,
    scratch::Scratch,
};
use crate::engine::Value;

/// How much goes into the stream at once.
const PIECE_BYTES: usize = 256 * 1_024;

/// Dumps the database as it is at one moment. See [`crate::engine::Engine::dump`].
pub(super) async fn dump(place: &Place, scratch: &Path, sink: DumpSink) -> Result<String, EngineError> {
    let file = Scratch::within(scratch)?;
    let tool = copy_out(place, &file).await?;
    task::spawn_blocking(move || send(&file, &sink))
        .await
        .map_err(|error| EngineError::Lost { reason: error.to_string() })??;
    Ok(tool)
}

async fn copy_out(place: &Place, file: &Scratch) -> Result<String, EngineError> {
    let refused = |error| fault::in_session(place, &error, None);
    let mut from = open::connect(place, Access::Read).await?;
    let tool = match rows::one(&mut from, "SELECT sqlite_version()").await.map_err(refused)? {
        Value::Text(version) => format!("SQLite {version} online backup"),
        _ => "SQLite online backup".to_owned(),
    };
    let source = hold(&mut from).await.map_err(refused)?;
    let to = open::options(file.path()).connect().await.map_err(refused)?;
    let (from, mut to) = copy::copy(from, to, source).await?;
    // One file, with nothing beside it, whatever mode the database is in.
    let settled = rows::run(&mut to, "PRAGMA journal_mode = DELETE").await;
    let closed = to.close().await;
    settled.and(closed.map(|()| 0)).map_err(refused)?;
    // It was only read from.
    let _ = from.close().await;
    Ok(tool)
}

/// In WAL mode a read transaction keeps the database as it is for this connection, and stops nobody (SQLite manual,
/// "Write-Ahead Logging", section 2.2). With a rollback journal it would keep writers out for the whole copy.
async fn hold(from: &mut SqliteConnection) -> Result<Source, sqlx::Error> {
    if !open::is_wal(from).await? {
        return Ok(Source::Open);
    }
    rows::run(from, "BEGIN").await?;
    rows::number(from, "SELECT count(*) FROM sqlite_schema").await?;
    Ok(Source::Held)
}

fn send(file: &Scratch, sink: &DumpSink) -> Result<(), EngineError> {
    let on_file = |error| fault::on_file(file.path(), error);
    let mut source = File::open(file.path()).map_err(on_file)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let limit = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        source.by_ref().take(limit).read_to_end(&mut piece).map_err(on_file)?;
        if piece.is_empty() {
            return Ok(());
        }
        if sink.blocking_send(Bytes::from(piece)).is_err() {
            return Err(EngineError::Tool {
                program: "SQLite online backup".to_owned(),
                reason: "was stopped: nobody takes the dump any more".to_owned(),
            });
        }
    }
}
