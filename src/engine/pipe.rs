//! The pipes to and from the engines' own programs.

use std::os::fd::AsFd;

/// What Linux lets an ordinary account have (Linux manual, pipe(7), `/proc/sys/fs/pipe-max-size`).
#[cfg(target_os = "linux")]
const PIPE_BYTES: i32 = 1_024 * 1_024;

/// Makes a pipe hold more than the usual 64 KB, so that the two ends wait for each other less often. Where that is refused it stays
/// as it is.
pub(super) fn widen(pipe: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::fcntl(pipe.as_fd(), nix::fcntl::FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
}
