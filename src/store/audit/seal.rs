//! The key, and what exactly it seals.

use std::{fmt::Write, path::Path};

use aws_lc_rs::{
    hmac::{self, HMAC_SHA256},
    rand,
};
use secrecy::{ExposeSecret, SecretString};

use super::Sealed;
use crate::{
    config::{OwnSecretError, own_secret},
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
    /// Reads the key beside the store, or makes it there (mode 600). Blocks for a small file.
    fn load(store: &Path) -> Result<Self, OwnSecretError> {
        let path = store.with_file_name(FILE);
        let secret = own_secret(&path, || {
            let mut random = [0; RANDOM_BYTES];
            rand::fill(&mut random).map_err(|_| OwnSecretError::Unwritten {
                path: path.clone(),
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
    /// The key, read once.
    ///
    /// # Errors
    /// [`StoreError::AuditKey`].
    pub(super) async fn audit_key(&self) -> Result<std::sync::Arc<AuditKey>, StoreError> {
        let load = async || {
            let path = self.path().to_owned();
            let loaded = tokio::task::spawn_blocking(move || AuditKey::load(&path)).await;
            match loaded {
                Ok(Ok(key)) => Ok(std::sync::Arc::new(key)),
                Ok(Err(error)) => Err(StoreError::AuditKey { reason: error.to_string() }),
                Err(ended) => Err(StoreError::AuditKey { reason: ended.to_string() }),
            }
        };
        self.key().get_or_try_init(load).await.cloned()
    }
}
