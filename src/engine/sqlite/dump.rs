//! The database into a stream, as it is at one moment, and what that moment holds.
//!
//! In WAL mode a read transaction holds the moment, and its pages go straight into the stream. With a rollback journal it would
//! keep writers out for as long, and so SQLite's online backup makes a private copy first.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::{runtime::Handle, sync::mpsc::error::TrySendError, task};

use super::{
    DumpSink, EngineError, Place,
    content::{self, Reading},
    copy::{self, Source, StopWhenDropped},
    fault, introspect,
    native::Connected,
    open::{self, Access},
    pages::{self, Pages},
    rows,
    scratch::Scratch,
};
use crate::engine::{
    Dumped, Value,
    content::{Digests, Table},
};

/// Dumps the database. See [`crate::engine::Engine::dump`].
pub(super) async fn dump(
    place: &Place,
    scratch: &Path,
    sink: DumpSink,
    export: Option<DumpSink>,
) -> Result<Dumped, EngineError> {
    let refused = |error| fault::in_session(place, &error, None);
    let mut from = open::connect(place, Access::Read).await?;
    let tool = match rows::one(&mut from, "SELECT sqlite_version()").await.map_err(refused)? {
        Value::Text(version) => format!("SQLite {version} online backup"),
        _ => "SQLite online backup".to_owned(),
    };
    let source = hold(&mut from).await.map_err(refused)?;
    let streams = source == Source::Held && rows::number(&mut from, pages::IS_THERE).await.map_err(refused)? > 0;
    let file = if streams { None } else { Some(Scratch::within(scratch)?) };
    let mut moment = match &file {
        None => from,
        Some(file) => copied(place, from, source, file).await?,
    };
    let fingerprint = introspect::schema(&mut moment, None).await.map_err(refused)?.fingerprint();
    let tables = content::tables(&mut moment).await.map_err(refused)?;
    let (_stop_when_dropped, stop) = StopWhenDropped::fresh();
    let runtime = Handle::current();
    let work = move || {
        let mut handle = runtime.block_on(moment.lock_handle()).map_err(|error| content::lost(&error))?;
        let sent = send(&Connected::by(&mut handle), file.as_ref(), &tables, Out { sink, export }, stop)?;
        drop(handle);
        Ok((moment, sent))
    };
    let sent = task::spawn_blocking(work).await.map_err(|error| EngineError::Lost { reason: error.to_string() })?;
    let (moment, tables) = sent?;
    // It was only read from.
    let _ = moment.close().await;
    Ok(Dumped { tool, fingerprint, tables })
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

/// A private copy, one file with nothing beside it, whatever mode the database is in. Nobody needs it after a crash, so that it
/// has no journal and waits for no disk.
async fn copied(
    place: &Place,
    from: SqliteConnection,
    source: Source,
    file: &Scratch,
) -> Result<SqliteConnection, EngineError> {
    let refused = |error| fault::in_session(place, &error, None);
    let mut to = open::options(file.path()).connect().await.map_err(refused)?;
    rows::run(&mut to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF").await.map_err(refused)?;
    let (from, mut to) = copy::copy(from, to, source).await?;
    let _ = from.close().await;
    rows::run(&mut to, "PRAGMA journal_mode = DELETE").await.map_err(refused)?;
    Ok(to)
}

/// What goes out of a dump.
struct Out {
    sink: DumpSink,
    export: Option<DumpSink>,
}

/// Sends the pages, and reads the rows while nobody takes them.
fn send(
    connected: &Connected<'_>,
    file: Option<&Scratch>,
    tables: &[Table],
    out: Out,
    stop: Arc<AtomicBool>,
) -> Result<Digests, EngineError> {
    let Out { sink, export } = out;
    let mut reading = Reading::of(connected, tables, export, stop);
    let mut pages = match file {
        Some(file) => Pages::of_file(file)?,
        None => Pages::held(connected)?,
    };
    while let Some(mut piece) = pages.next()? {
        while let Err(unsent) = sink.try_send(piece) {
            piece = match unsent {
                TrySendError::Full(piece) => piece,
                TrySendError::Closed(_) => return Err(stopped()),
            };
            if !reading.some()? {
                sink.blocking_send(piece).map_err(|_| stopped())?;
                break;
            }
        }
    }
    // Whoever takes the dump need not wait for the rows.
    drop(sink);
    while reading.some()? {}
    reading.end()
}

fn stopped() -> EngineError {
    EngineError::Tool {
        program: "SQLite online backup".to_owned(),
        reason: "was stopped: nobody takes the dump any more".to_owned(),
    }
}
