//! Files that a setting names: opened only where they are files.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use nix::fcntl::OFlag;

/// What a folder, a pipe or a device is told to be.
const NO_FILE: &str = "it is no regular file";

/// Opens a file to be read. Never waits: a named pipe that nobody writes to would hold its reader for ever.
///
/// # Errors
/// The system's; [`io::ErrorKind::InvalidInput`] for what is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, NO_FILE)) }
}
