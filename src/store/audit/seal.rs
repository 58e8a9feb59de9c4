//! The key, and what exactly it seals.

use std::{fmt::Write, path::Path, sync::Arc};

use aws_lc_rs::{
    hmac::{self, HMAC_SHA256},
    rand,
};
use secrecy::{ExposeSecret, SecretString};

use super::Sealed;
use crate::{
    config::{OwnSecretError, own_secret, own_secret_is_there},
    store::{Store, StoreError},
};

/// The file beside the control store.
const FILE: &str = "audit.key";
/// How much randomness is in it, in bytes.
const RANDOM_BYTES: usize = 32;
/// Says what is sealed, and in which form; a seal for anything else never fits.
const FORM: &[u8] = b"windlass audit line, form 1";

/// The key of the audit trail. Never leaves the process.
pub struct AuditKey(hmac::Key);

impl AuditKey {
    /// Reads the key at `path`, or makes it there (mode 600). Blocks for a small file.
    fn load(path: &Path) -> Result<Self, OwnSecretError> {
        let secret = own_secret(path, || {
            let mut random = [0; RANDOM_BYTES];
            rand::fill(&mut random).map_err(|_| OwnSecretError::Unwritten {
                path: path.to_owned(),
                source: std::io::Error::other("the system has no randomness"),
            })?;
            Ok::<_, OwnSecretError>(SecretString::from(hex(&random)))
        })?;
        Ok(Self(hmac::Key::new(HMAC_SHA256, secret.expose_secret().as_bytes())))
    }

    /// The seal of a line behind the seal `before`.
    pub(super) fn seal(&self, before: &str, line: &Sealed) -> String {
        hex(hmac::sign(&self.0, &bytes_of(before, line)).as_ref())
    }
}

/// What is sealed: every field with its length before it, so that no two lines have the same bytes.
fn bytes_of(before: &str, line: &Sealed) -> Vec<u8> {
    let mut all = FORM.to_vec();
    all.extend(line.number.to_be_bytes());
    all.extend(line.seq.to_be_bytes());
    let Sealed { at, level, job, actor, message, number: _, seq: _ } = line;
    let fields = [Some(before), Some(at), Some(level), job.as_deref(), actor.as_deref(), Some(message)];
    for field in fields {
        all.push(u8::from(field.is_some()));
        let text = field.unwrap_or_default();
        all.extend((text.len() as u64).to_be_bytes());
        all.extend(text.as_bytes());
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Store {
    /// The key, read once. Made where it is missing, unless a line is sealed already: whoever sealed that had it, and under
    /// another one the whole trail would look forged.
    ///
    /// # Errors
    /// [`StoreError::AuditKey`], [`StoreError::NoAuditKey`].
    pub(super) async fn audit_key(&self) -> Result<Arc<AuditKey>, StoreError> {
        self.key().get_or_try_init(|| self.loaded_key()).await.cloned()
    }

    async fn loaded_key(&self) -> Result<Arc<AuditKey>, StoreError> {
        // Asked before the file is looked for: nobody seals a line before there is a key.
        let is_needed = self.audit_head().await?.is_some();
        let path = self.path().with_file_name(FILE);
        let missing = StoreError::NoAuditKey { path: path.clone(), store: self.path().display().to_string() };
        let load = move || match own_secret_is_there(&path) {
            Ok(false) if is_needed => Err(missing),
            Ok(_) => AuditKey::load(&path).map(Arc::new).map_err(|error| unfit(&error)),
            Err(error) => Err(unfit(&error)),
        };
        tokio::task::spawn_blocking(load).await.unwrap_or_else(|ended| Err(unfit(&ended)))
    }
}

fn unfit(error: &dyn std::error::Error) -> StoreError {
    StoreError::AuditKey { reason: error.to_string() }
}
