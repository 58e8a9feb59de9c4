//! A native dump of the whole database, taken at one moment.

use std::{path::Path, process::Stdio, time::Duration};

use bytes::BytesMut;
use tokio::{io::AsyncReadExt, process::ChildStdout, time::timeout};

use super::{
    MYSQL,
    address::Address,
    open::{self, Purpose},
    tool::{self, Credentials, Maker, Tool},
};
use crate::engine::{DumpSink, EngineError, Session};

/// The size of a piece.
const PIECE_BYTES: usize = 64 * 1024;

/// How long the program may be silent, and how long a reader may take for a piece.
const PIECE_S_MAX: u64 = 30 * 60;

/// How long the program may take to end after its last byte.
const END_S_MAX: u64 = 60;

/// The words at the end of a whole dump; the program writes them after everything else went well (MariaDB manual,
/// "mariadb-dump", --comments and --dump-date).
const LAST_WORDS: &[u8] = b"-- Dump completed";

/// One consistent moment for `InnoDB` tables (`--single-transaction`), rows streamed and not collected (`--quick`), bytes
/// that no character set touches (`--hex-blob`), and no need for the PROCESS privilege (`--no-tablespaces`).
const ARGUMENTS: [&str; 9] = [
    "--single-transaction",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--default-character-set=utf8mb4",
    "--no-tablespaces",
    "--skip-dump-date",
];

/// MySQL's program writes the server's position into the dump and asks for statistics that MariaDB does not have.
const ARGUMENTS_MYSQL: [&str; 2] = ["--set-gtid-purged=OFF", "--column-statistics=0"];

/// Sends the dump into `sink`; gives the program and its version.
///
/// # Errors
/// When the server does not answer, the program is missing, it fails, or its output lacks its end.
pub(super) async fn dump(address: &Address, scratch: &Path, sink: DumpSink) -> Result<String, EngineError> {
    let session = Box::new(open::open(address, Purpose::Read).await?);
    let mysql = session.server().product == MYSQL;
    session.close().await;
    let program = if mysql { Tool::mysqldump().await? } else { Tool::find(["mariadb-dump", "mysqldump"]).await? };
    let credentials = Credentials::write(address, program.maker, scratch)?;
    let mut command = program.command(&credentials);
    tool::with(&mut command, &ARGUMENTS);
    if program.maker == Maker::MySql {
        tool::with(&mut command, &ARGUMENTS_MYSQL);
    }
    tool::with(&mut command, &["--", &address.database]);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| program.failed(&error.to_string()))?;
    let output = child.stdout.take().ok_or_else(|| program.failed("it has no output"))?;
    let errors = child.stderr.take();
    let (sent, complaints) = tokio::join!(send(&program, output, sink), tool::complaints(errors));
    let tail = match sent {
        Ok(tail) => tail,
        Err(error) => {
            let _ = child.start_kill();
            return Err(error);
        }
    };
    let limit = Duration::from_secs(END_S_MAX);
    let status = timeout(limit, child.wait()).await.map_err(|_| EngineError::TimedOut(limit))?;
    let status = status.map_err(|error| program.failed(&error.to_string()))?;
    if !status.success() {
        return Err(program.failed(&format!("{status}: {complaints}")));
    }
    if !tail.windows(LAST_WORDS.len()).any(|words| words == LAST_WORDS) {
        return Err(program.failed("its output stops before the end"));
    }
    Ok(program.version)
}

/// Passes the output on, piece by piece; gives the last bytes.
async fn send(program: &Tool, mut output: ChildStdout, sink: DumpSink) -> Result<Vec<u8>, EngineError> {
    let limit = Duration::from_secs(PIECE_S_MAX);
    let mut tail = Vec::new();
    loop {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        let read = timeout(limit, output.read_buf(&mut piece)).await.map_err(|_| EngineError::TimedOut(limit))?;
        if read.map_err(|error| program.failed(&error.to_string()))? == 0 {
            return Ok(tail);
        }
        tail.extend_from_slice(&piece[piece.len().saturating_sub(2 * LAST_WORDS.len())..]);
        tail.drain(..tail.len().saturating_sub(2 * LAST_WORDS.len()));
        let taken = timeout(limit, sink.send(piece.freeze())).await.map_err(|_| EngineError::TimedOut(limit))?;
        taken.map_err(|_| program.failed("nobody takes its output any more"))?;
    }
}
