//! The secret we make ourselves when nobody configured a key, so that the first start works and is safe.

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

use super::error::AuthError;
use crate::config::{OwnSecretError, own_secret};

/// The file in the data folder.
const FILE: &str = "auth.key";
/// The name of its key in a token.
pub(super) const KEY_ID: &str = "own";
/// How much randomness is in it, in bytes.
const RANDOM_BYTES: usize = 32;

/// Our own secret: read from the data folder, or made there. Two processes that start at once end with one secret.
///
/// # Errors
/// A file that others may touch, that is no plain file, or that cannot be written.
pub(super) fn load_or_make(data_dir: &Path) -> Result<SecretString, AuthError> {
    own_secret(&data_dir.join(FILE), fresh_secret)
}

/// A secret of its own for a key: 32 random bytes, in base64url.
///
/// # Errors
/// [`AuthError::NoRandomness`].
pub fn fresh_secret() -> Result<SecretString, AuthError> {
    let mut random = [0; RANDOM_BYTES];
    let system = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    system.fill(&mut random).map_err(|_| AuthError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(random).into())
}

impl From<OwnSecretError> for AuthError {
    fn from(error: OwnSecretError) -> Self {
        match error {
            OwnSecretError::Unfit(source) => Self::File { id: KEY_ID.to_owned(), source },
            OwnSecretError::Unwritten { path, source } => Self::OwnSecret { path, source },
        }
    }
}
