//! The secret we make ourselves when nobody configured a key, so that the first start works and is safe.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

use super::error::AuthError;
use crate::config::{SecretFileError, read_secret};

/// The file in the data folder.
const FILE: &str = "auth.key";
/// The name of its key in a token.
pub(super) const KEY_ID: &str = "own";
/// How much randomness is in it, in bytes.
const RANDOM_BYTES: usize = 32;
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Our own secret: read from the data folder, or made there. Two processes that start at once end with one secret.
///
/// # Errors
/// A file that others may touch, that is no plain file, or that cannot be written.
pub(super) fn load_or_make(data_dir: &Path) -> Result<SecretString, AuthError> {
    let path = data_dir.join(FILE);
    let failed = |source| AuthError::OwnSecret { path: path.clone(), source };
    match fs::symlink_metadata(&path) {
        Ok(found) if !found.is_file() => {
            let source = SecretFileError::Unfit { path: path.clone(), reason: "not a plain file" };
            return Err(AuthError::File { id: KEY_ID.to_owned(), source });
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let secret = fresh()?;
            publish(data_dir, &path, &secret).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    read_secret(&path).map_err(|source| AuthError::File { id: KEY_ID.to_owned(), source })
}

fn fresh() -> Result<String, AuthError> {
    let mut random = [0; RANDOM_BYTES];
    let system = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    system.fill(&mut random).map_err(|_| AuthError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// Writes the secret aside, and gives it its name only when it is whole; a name that somebody else gave first stays.
fn publish(folder: &Path, path: &Path, secret: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    let aside = folder.join(format!(".{FILE}.{}", ulid::Ulid::generate()));
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
    writeln!(file, "{secret}")?;
    file.sync_all()
}
