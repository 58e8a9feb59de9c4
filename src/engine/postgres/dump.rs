//! The database out: `pg_dump` in custom format, which takes it at one moment (PostgreSQL manual: "It makes
//! consistent backups even if the database is being used concurrently").

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{process::Child, sync::mpsc, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    address::Address,
    connect::{self, Purpose},
    content::Moment,
    tool::{self, Tool},
};
use crate::engine::{
    DumpSink, Dumped, EngineError, Session,
    pipe::{self, Out, PIECES_MAX},
};

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
        Some(stdout) => {
            let silent = Duration::from_millis(SILENT_MS_MAX);
            pipe::pump(stdout, &out, silent, |words| tool.failed(format!("was stopped: {words}"))).await
        }
        None => Err(tool.failed("has no output")),
    };
    let ended = match pumped {
        Ok(_) => end(tool, &mut child, END_MS_MAX).await,
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

/// Waits for the program's end; whether it was a good one.
pub(super) async fn end(tool: &Tool, child: &mut Child, limit_ms: u64) -> Result<bool, EngineError> {
    let limit = Duration::from_millis(limit_ms);
    let status = timeout(limit, child.wait()).await.map_err(|_| EngineError::TimedOut(limit))?;
    status.map(|status| status.success()).map_err(|error| tool.failed(error.to_string()))
}
