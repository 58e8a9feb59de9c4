//! The pipes to and from the engines' own programs.

use std::{os::fd::AsFd, time::Duration};

use bytes::BytesMut;
use tokio::{io::AsyncReadExt, process::ChildStdout, time::timeout};

use super::{DumpSink, EngineError};

/// The size of a piece.
const PIECE_BYTES: usize = 128 * 1024;

/// Pieces that may wait for whoever reads them.
pub(super) const PIECES_MAX: usize = 4;

/// So many of the last bytes are given back.
const TAIL_BYTES: usize = 64;

/// What Linux lets an ordinary account have (Linux manual, pipe(7), `/proc/sys/fs/pipe-max-size`).
#[cfg(target_os = "linux")]
const PIPE_BYTES: i32 = 1_024 * 1_024;

/// Makes a pipe hold more than the usual 64 KB, so that the two ends wait for each other less often. Where that is refused it stays
/// as it is.
pub(super) fn widen(pipe: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::fcntl(pipe.as_fd(), nix::fcntl::FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
}

/// Where a dump goes: to whoever keeps it, and to whoever reads it meanwhile.
pub(super) struct Out {
    pub(super) sink: DumpSink,
    pub(super) pieces: Option<DumpSink>,
}

/// Passes a program's output on to its end, piece by piece; gives its last bytes. It may be silent for `limit`, and whoever takes a
/// piece may take as long.
///
/// # Errors
/// When something takes longer; what `failed` makes of the words, when the output cannot be read or nobody takes it.
pub(super) async fn pump(
    mut output: ChildStdout,
    out: &Out,
    limit: Duration,
    failed: impl Fn(&str) -> EngineError,
) -> Result<Vec<u8>, EngineError> {
    let late = |_| EngineError::TimedOut(limit);
    widen(&output);
    let mut tail = Vec::new();
    let mut piece = BytesMut::with_capacity(PIECE_BYTES);
    loop {
        let read = timeout(limit, output.read_buf(&mut piece)).await.map_err(late)?;
        let ended = read.map_err(|error| failed(&error.to_string()))? == 0;
        if !piece.is_empty() && (ended || piece.len() == piece.capacity()) {
            tail.extend_from_slice(&piece[piece.len().saturating_sub(TAIL_BYTES)..]);
            tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
            let full = std::mem::replace(&mut piece, BytesMut::with_capacity(PIECE_BYTES)).freeze();
            if let Some(reader) = &out.pieces {
                // A reader that gave up says why itself.
                let _ = timeout(limit, reader.send(full.clone())).await.map_err(late)?;
            }
            let taken = timeout(limit, out.sink.send(full)).await.map_err(late)?;
            taken.map_err(|_| failed("nobody takes its output any more"))?;
        }
        if ended {
            return Ok(tail);
        }
    }
}
