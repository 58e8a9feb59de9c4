//! Secrets that windlass makes itself when nobody configured one, so that the first start works and is safe.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use super::secret_file::{SecretFileError, read_secret};

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A secret of our own cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnSecretError {
    /// What lies there is none.
    #[error(transparent)]
    Unfit(#[from] SecretFileError),
    /// It cannot be made.
    #[error("{} cannot be written", .path.display())]
    Unwritten {
        /// Where it would lie.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Whether the secret was made already. Touches nothing.
///
/// # Errors
/// [`OwnSecretError::Unfit`] for a link or a folder in its place; [`OwnSecretError::Unwritten`] when nobody can tell.
pub fn own_secret_is_there(path: &Path) -> Result<bool, OwnSecretError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(SecretFileError::Unfit { path: path.to_owned(), reason: "not a plain file" }.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(OwnSecretError::Unwritten { path: path.to_owned(), source }),
    }
}

/// Our own secret at `path`: read, or made there (mode 600, its folder 700) with the text that `make` gives. Two processes
/// that start at once end with one secret. Blocks for a small file.
///
/// # Errors
/// A file that others may touch, that is no plain file, or that cannot be written; whatever `make` says.
pub fn own_secret<E: From<OwnSecretError>>(
    path: &Path,
    make: impl FnOnce() -> Result<SecretString, E>,
) -> Result<SecretString, E> {
    if !own_secret_is_there(path)? {
        let secret = make()?;
        publish(path, secret.expose_secret())
            .map_err(|source| OwnSecretError::Unwritten { path: path.to_owned(), source })?;
    }
    Ok(read_secret(path).map_err(OwnSecretError::from)?)
}

/// Writes the secret aside, and gives it its name only when it is whole; a name that somebody else gave first stays.
fn publish(path: &Path, secret: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    let aside = folder.join(format!(".{file}.{}", ulid::Ulid::generate()));
    let published = write(&aside, secret).and_then(|()| name(&aside, path));
    // gone already where it was renamed
    let _ = fs::remove_file(&aside);
    published?;
    File::open(folder)?.sync_all()
}

/// A hard link never replaces a file, a rename does; so a rename is only for file systems without hard links.
fn name(aside: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(aside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            fs::rename(aside, path)
        }
        other => other,
    }
}

fn write(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    writeln!(file, "{}", secret.trim_end())?;
    file.sync_all()
}
