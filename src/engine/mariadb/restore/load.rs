//! Loads a dump into the copy with the server's own client.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::ChildStdin, time::timeout};

use crate::engine::{
    DumpSource, EngineError,
    mariadb::{
        MYSQL,
        address::Address,
        tool::{self, Credentials, Tool},
    },
    pipe,
};

/// How long the source may take for a piece, and how long the client may take to accept one: an index over a big table
/// is built while the next piece waits.
const PIECE_S_MAX: u64 = 60 * 60;

/// How long the client may work after the last piece.
const END_S_MAX: u64 = 4 * 60 * 60;

/// Without `--binary-mode` the client would obey its own commands (`\\!` runs a shell) wherever the dump contains them;
/// without `--comments` it would take the comments out of the bodies of routines (MariaDB manual, "mariadb Command-Line
/// Client").
const ARGUMENTS: [&str; 4] = ["--binary-mode", "--comments", "--batch", "--default-character-set=utf8mb4"];

/// Loads everything that comes from `source`.
///
/// # Errors
/// When the source ends early, the client is missing, or the server refuses.
pub(in crate::engine::mariadb) async fn load(
    beside: &Address,
    product: &str,
    scratch: &Path,
    source: DumpSource,
) -> Result<(), EngineError> {
    let program = Tool::find(tool::preferred(product == MYSQL, "mariadb", "mysql")).await?;
    let credentials = Credentials::write(beside, program.maker, scratch)?;
    let mut command = program.command(&credentials);
    tool::with(&mut command, &ARGUMENTS);
    tool::with(&mut command, &["--", &beside.database]);
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(|error| program.failed(&error.to_string()))?;
    let input = child.stdin.take().ok_or_else(|| program.failed("it has no input"))?;
    let errors = child.stderr.take();
    // When feeding fails the client goes on with what it has; dropping it on the way out kills it.
    let fed = async {
        let fed = feed(input, source).await;
        if fed.is_err() {
            let _ = child.start_kill();
        }
        let limit = Duration::from_secs(END_S_MAX);
        (fed, timeout(limit, child.wait()).await.map_err(|_| EngineError::TimedOut(limit)))
    };
    let ((fed, status), complaints) = tokio::join!(fed, tool::complaints(errors));
    let status = status?.map_err(|error| program.failed(&error.to_string()))?;
    match fed {
        // The client closes its input when the server refused something: its words say more than "broken pipe".
        Err(_) if !complaints.trim().is_empty() => Err(program.failed(&complaints)),
        Err(error) => Err(program.failed(&format!("not all of the dump came: {error}"))),
        Ok(()) if !status.success() => Err(program.failed(&format!("{status}: {complaints}"))),
        Ok(()) => Ok(()),
    }
}

async fn feed(mut input: ChildStdin, mut source: DumpSource) -> Result<(), std::io::Error> {
    let limit = Duration::from_secs(PIECE_S_MAX);
    pipe::widen(&input);
    let late = |_| std::io::Error::from(std::io::ErrorKind::TimedOut);
    while let Some(piece) = timeout(limit, source.recv()).await.map_err(late)? {
        timeout(limit, input.write_all(&piece?)).await.map_err(late)??;
    }
    timeout(limit, input.shutdown()).await.map_err(late)?
}
