//! Secrets that lie in a file of their own.

use std::{
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::regular::open_regular;

/// The largest file that is taken for a secret.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// The mode bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// Of a file of root's the group may read: it is how systemd and Kubernetes hand a secret to a process that is not root's (and the
/// rule that PostgreSQL has for its key: PostgreSQL manual, "Secure TCP/IP Connections with SSL").
const OTHERS_OF_ROOTS: u32 = 0o037;
/// The number of the user root.
const ROOT: u32 = 0;

/// A file that holds a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may touch it.
    #[error("{path} holds a secret and others may touch it (mode {mode:o}); run: chmod 600 {path}")]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is no file, empty, too large or not UTF-8.
    #[error("{path} does not hold a secret: it is {reason}")]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What it is instead.
        reason: &'static str,
    },
}

/// Reads a secret, without the white space around it. Blocks for one small file, and not for what is no file.
///
/// # Errors
/// When the file is missing, empty, larger than 64 KiB, not UTF-8, or open to others than its owner (of a file of root's,
/// to others than root and those of its group, who may only read it).
pub fn read_secret(path: &Path) -> Result<SecretString, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { path: path.to_owned(), source };
    let unfit = |reason| SecretFileError::Unfit { path: path.to_owned(), reason };
    let file = open_regular(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => unfit("not a regular file"),
        _ => unreadable(error),
    })?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.mode() & 0o7777;
    let forbidden = if metadata.uid() == ROOT { OTHERS_OF_ROOTS } else { OTHERS };
    if mode & forbidden != 0 {
        return Err(SecretFileError::Open { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(unfit("larger than 64 KiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unfit("not UTF-8"))?.trim();
    if text.is_empty() { Err(unfit("empty")) } else { Ok(text.to_owned().into()) }
}
