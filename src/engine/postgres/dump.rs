//! The database out: `pg_dump` in custom format, which takes it at one moment (PostgreSQL manual: "It makes
//! consistent backups even if the database is being used concurrently").

use std::{path::Path, process::Stdio, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStdout},
    sync::mpsc,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    address::Address,
    connect::{self, Purpose},
    content::Moment,
    tool::{self, Tool},
};
use crate::engine::{DumpSink, Dumped, EngineError, Session, pipe};

/// The size of a piece.
const PIECE_BYTES: usize = 128 * 1024;

/// Pieces that may wait for whoever reads them.
const PIECES_MAX: usize = 4;

/// The program waits so long for a table that somebody has locked.
const LOCK_WAIT: &str = "--lock-wait-timeout=60s";

/// The program may be silent so long: it is reading a table that yields nothing, or its server is gone.
const SILENT_MS_MAX: u64 = 15 * 60_000;

/// It has sent everything, and has only to end.
const END_MS_MAX: u64 = 60_000;

/// Sends a dump into `sink`, and tells what it holds. The program and a session of ours take part in the same snapshot of the
/// server (PostgreSQL manual, `pg_dump --snapshot`), so that not a row lies between them.
pub(super) async fn send(
    address: &Address,
    scratch: &Path,
    sink: DumpSink,
    export: Option<DumpSink>,
) -> Result<Dumped, EngineError> {
    let session = connect::open(address, Purpose::Look).await?;
    let tool = tool::find("pg_dump", session.server().number.0).await?;
    let mut moment = Moment::begin(session).await?;
    let snapshot = format!("--snapshot={}", moment.snapshot);
    let (pieces, passing) = mpsc::channel(PIECES_MAX);
    // A task of its own: rows are hashed while the next ones come.
    let reading = AbortOnDropHandle::new(tokio::spawn(moment.reading(export).pass(passing)));
    let reading = async { reading.await.map_err(|error| EngineError::Lost { reason: error.to_string() })? };
    let out = Out { sink, pieces: Some(pieces) };
    let ((), reading) = tokio::try_join!(dump(&tool, address, scratch, &snapshot, out), reading)?;
    let tables = moment.complete(reading).await?;
    let fingerprint = std::mem::take(&mut moment.fingerprint);
    moment.end().await;
    Ok(Dumped { tool: tool.version, fingerprint, tables })
}

/// Where a dump goes: to whoever keeps it, and to whoever reads it meanwhile.
pub(super) struct Out {
    pub(super) sink: DumpSink,
    pub(super) pieces: Option<DumpSink>,
}

/// Runs the program to its end; `what` says of which moment, or that only the schema is wanted.
pub(super) async fn dump(
    tool: &Tool,
    address: &Address,
    scratch: &Path,
    what: &str,
    out: Out,
) -> Result<(), EngineError> {
    // Not compressed: the archive is compressed as a whole.
    let arguments = ["--format=custom", "--compress=0", "--no-password", LOCK_WAIT, what];
    let (mut command, _secret) = tool.command(address, scratch, arguments)?;
    // A time with a zone is written in that of the session, which the program leaves as it is.
    command.env("PGTZ", "UTC");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| tool.failed(error.to_string()))?;
    let complaint = tokio::spawn(tool::complaint(child.stderr.take()));
    let pumped = match child.stdout.take() {
        Some(stdout) => pump(tool, stdout, &out).await,
        None => Err(tool.failed("has no output")),
    };
    let ended = match pumped {
        Ok(()) => end(tool, &mut child, END_MS_MAX).await,
        Err(error) => {
            // It may have ended already; what it said is in the complaint.
            let _ = child.start_kill();
            Err(error)
        }
    };
    // Whoever takes the dump has all of it, and need not wait for whoever reads the rows.
    drop(out);
    let said = complaint.await.unwrap_or_default();
    match ended {
        Ok(true) => Ok(()),
        Ok(false) => Err(tool.failed(format!("failed: {said}"))),
        Err(error) => Err(error),
    }
}

async fn pump(tool: &Tool, mut stdout: ChildStdout, out: &Out) -> Result<(), EngineError> {
    let limit = Duration::from_millis(SILENT_MS_MAX);
    pipe::widen(&stdout);
    let mut piece = BytesMut::with_capacity(PIECE_BYTES);
    loop {
        let read = timeout(limit, stdout.read_buf(&mut piece)).await.map_err(|_| EngineError::TimedOut(limit))?;
        let ended = read.map_err(|error| tool.failed(error.to_string()))? == 0;
        if !piece.is_empty() && (ended || piece.len() == piece.capacity()) {
            let full = std::mem::replace(&mut piece, BytesMut::with_capacity(PIECE_BYTES)).freeze();
            if let Some(reader) = &out.pieces {
                // A reader that gave up says why itself.
                let _ = timeout(limit, reader.send(full.clone())).await.map_err(|_| EngineError::TimedOut(limit))?;
            }
            let sent = timeout(limit, out.sink.send(full)).await.map_err(|_| EngineError::TimedOut(limit))?;
            sent.map_err(|_| tool.failed("was stopped: nobody takes the dump any more"))?;
        }
        if ended {
            return Ok(());
        }
    }
}

/// Waits for the program's end; whether it was a good one.
pub(super) async fn end(tool: &Tool, child: &mut Child, limit_ms: u64) -> Result<bool, EngineError> {
    let limit = Duration::from_millis(limit_ms);
    let status = timeout(limit, child.wait()).await.map_err(|_| EngineError::TimedOut(limit))?;
    status.map(|status| status.success()).map_err(|error| tool.failed(error.to_string()))
}
