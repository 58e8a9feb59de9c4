//! Why keys, or tokens, are not good.

use std::{io, path::PathBuf, time::Duration};

use crate::config::SecretFileError;

/// Why the keys cannot be used; nothing is served without them.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// A key's name cannot stand in a token.
    #[error("auth.keys: the id {id:?} must be 1 to 64 letters, digits, '-' or '_'")]
    KeyName {
        /// The name.
        id: String,
    },
    /// Two keys have one name.
    #[error("auth.keys: two keys are called {id}")]
    KeyTwice {
        /// The name.
        id: String,
    },
    /// A key has neither a file nor a secret, or both, or the wrong one for its algorithm.
    #[error("auth.keys: key {id} needs {needed}")]
    Material {
        /// The key.
        id: String,
        /// What it needs.
        needed: &'static str,
    },
    /// A secret is too short to be safe.
    #[error("auth.keys: the secret of key {id} has {bytes} bytes; it needs {needed} or more")]
    Short {
        /// The key.
        id: String,
        /// Its length.
        bytes: usize,
        /// The shortest that is safe.
        needed: usize,
    },
    /// A file is no Ed25519 key.
    #[error("auth.keys: the file of key {id} is not an Ed25519 key in PEM, private (PKCS #8) or public")]
    NotEd25519 {
        /// The key.
        id: String,
    },
    /// A file is no public key of its algorithm.
    #[error(
        "auth.keys: the file of key {id} is not a public key in PEM for its algorithm (P-256, or RSA of 2048 bits or more)"
    )]
    NotPublic {
        /// The key.
        id: String,
    },
    /// `auth.jwks` is an address that is not asked.
    #[error("auth.jwks: {reason}")]
    Address {
        /// Why.
        reason: &'static str,
    },
    /// A file holds no set of keys.
    #[error("auth.jwks: {} cannot be used: {reason}", .path.display())]
    Set {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that holds no secret cannot be used.
    #[error("{setting}: {} cannot be used: {reason}", .path.display())]
    Public {
        /// The setting that names it.
        setting: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A line of the deny list is not understood.
    #[error("auth.deny_list: line {line} of {} is none of: jti NAME; subject NAME TIME", .path.display())]
    DenyList {
        /// Which.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// `auth.signing_key` names no key that can sign.
    #[error("auth.signing_key: there is no key {id} that can sign")]
    SigningKey {
        /// What it names.
        id: String,
    },
    /// A key's file cannot be used.
    #[error("the key {id} cannot be loaded")]
    File {
        /// The key.
        id: String,
        /// Why.
        source: SecretFileError,
    },
    /// Our own secret cannot be made.
    #[error("a secret for tokens cannot be written to {}", .path.display())]
    OwnSecret {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers for a new secret")]
    NoRandomness,
}

/// Why no token was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// Only public keys are here.
    #[error("none of the keys can sign; give auth.keys a secret or a private key")]
    NoSigningKey,
    /// The token would live too long, or not at all.
    #[error("a token may live for 1 s to {} s (auth.lifetime_max)", .max.as_secs())]
    Lifetime {
        /// The longest life.
        max: Duration,
    },
    /// The subject would not be believed.
    #[error("the subject must have 1 to {max} characters, and no control characters")]
    Subject {
        /// The longest.
        max: usize,
    },
    /// The key does not sign.
    #[error("the key {id} does not sign")]
    Refused {
        /// Which.
        id: String,
    },
}

/// A token that is not believed. To the outside there is one sentence, whatever the reason; the reason is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bearer token is missing, malformed, expired, or not for this service")]
pub enum TokenError {
    /// It names a key that is not here; it may be good once the published keys are fetched again.
    NoSuchKey,
    /// It is not good, whatever the keys.
    Unfit {
        /// Why, for the log alone.
        reason: &'static str,
    },
}

impl TokenError {
    pub(super) fn because(reason: &'static str) -> Self {
        Self::Unfit { reason }
    }

    /// Why, for the log alone; never holds anything of the token.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchKey => "a key that is not here",
            Self::Unfit { reason } => reason,
        }
    }
}
