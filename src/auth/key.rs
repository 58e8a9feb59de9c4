//! One key: a name, one algorithm, and what it takes to verify and perhaps to sign.

use std::{fmt, path::Path};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{self, aws_lc},
    jwk::EllipticCurve,
};
use secrecy::{ExposeSecret, SecretString};

use super::{error::AuthError, token::is_key_name};
use crate::config::{self, KeyAlgorithm, read_secret};

/// The shortest secret for HS256, in bytes (RFC 7518, section 3.2).
pub(super) const SECRET_BYTES_MIN: usize = 32;
/// The length of an Ed25519 public key, in bytes (RFC 8032, section 5.1.5).
const ED25519_PUBLIC_BYTES: usize = 32;

/// A key.
pub(super) struct Key {
    /// Its name.
    pub id: String,
    algorithm: KeyAlgorithm,
    verify: DecodingKey,
    sign: Option<EncodingKey>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Key {
    /// The key that the settings describe; reads its file.
    ///
    /// # Errors
    /// [`AuthError`], for whatever makes it unsafe or unusable.
    pub fn load(key: &config::Key) -> Result<Self, AuthError> {
        let id = key.id.clone();
        if !is_key_name(&id) {
            return Err(AuthError::KeyName { id });
        }
        let file = |path: &Path| read_secret(path).map_err(|source| AuthError::File { id: id.clone(), source });
        let needs = |needed| Err(AuthError::Material { id: id.clone(), needed });
        match (key.algorithm, &key.file, &key.secret) {
            (KeyAlgorithm::HS256, Some(path), None) => Self::hs256(&id, &file(path)?),
            (KeyAlgorithm::HS256, None, Some(secret)) => Self::hs256(&id, secret),
            (KeyAlgorithm::HS256, ..) => needs("either a file or a secret"),
            (KeyAlgorithm::EdDSA, Some(path), None) => Self::ed25519(&id, &file(path)?),
            (KeyAlgorithm::EdDSA, ..) => needs("a file with a PEM, and no secret"),
        }
    }

    /// A key for HS256; the bytes of the text are the secret.
    ///
    /// # Errors
    /// [`AuthError::Short`].
    pub fn hs256(id: &str, secret: &SecretString) -> Result<Self, AuthError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SECRET_BYTES_MIN {
            return Err(AuthError::Short { id: id.to_owned(), bytes: secret.len(), needed: SECRET_BYTES_MIN });
        }
        Ok(Self {
            id: id.to_owned(),
            algorithm: KeyAlgorithm::HS256,
            verify: DecodingKey::from_secret(secret),
            sign: Some(EncodingKey::from_secret(secret)),
        })
    }

    fn ed25519(id: &str, pem: &SecretString) -> Result<Self, AuthError> {
        let pem = pem.expose_secret().as_bytes();
        let refused = || AuthError::NotEd25519 { id: id.to_owned() };
        let sign = EncodingKey::from_ed_pem(pem).ok();
        let verify = match &sign {
            Some(private) => DecodingKey::from_ed_der(&public_half(private).ok_or_else(refused)?),
            None if is_public_pem(pem) => DecodingKey::from_ed_pem(pem).map_err(|_| refused())?,
            None => return Err(refused()),
        };
        if verify.try_get_as_bytes().map_or(0, <[u8]>::len) != ED25519_PUBLIC_BYTES {
            return Err(refused());
        }
        Ok(Self { id: id.to_owned(), algorithm: KeyAlgorithm::EdDSA, verify, sign })
    }

    /// The algorithm's name in a header.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            KeyAlgorithm::HS256 => "HS256",
            KeyAlgorithm::EdDSA => "EdDSA",
        }
    }

    /// Whether it can sign.
    pub fn can_sign(&self) -> bool {
        self.sign.is_some()
    }

    /// Whether `signature` is this key's over `signed`; compared in constant time by the library.
    pub fn has_signed(&self, signed: &str, signature: &str) -> bool {
        crypto::verify(signature, signed.as_bytes(), &self.verify, self.for_the_library()).unwrap_or(false)
    }

    /// The signature over `text`; `None` when it cannot sign.
    pub fn signature(&self, text: &str) -> Option<String> {
        crypto::sign(text.as_bytes(), self.sign.as_ref()?, self.for_the_library()).ok()
    }

    fn for_the_library(&self) -> Algorithm {
        match self.algorithm {
            KeyAlgorithm::HS256 => Algorithm::HS256,
            KeyAlgorithm::EdDSA => Algorithm::EdDSA,
        }
    }
}

fn public_half(private: &EncodingKey) -> Option<Vec<u8>> {
    let public_of = aws_lc::DEFAULT_PROVIDER.key_utils.ed_pub_components_from_private_key;
    public_of(private.as_bytes(), &EllipticCurve::Ed25519).ok()
}

/// The library also takes a certificate here, and would take the wrong bits of it for the key.
fn is_public_pem(pem: &[u8]) -> bool {
    pem.starts_with(b"-----BEGIN PUBLIC KEY-----")
}
