//! One key: a name, one algorithm, and what it takes to verify and perhaps to sign.

use std::{fmt, path::Path};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
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
/// The length of a point on P-256, uncompressed, in bytes (SEC 1, section 2.3.3).
const P256_POINT_BYTES: usize = 65;
/// The shortest modulus of an RSA key, in bytes: 2048 bits (RFC 7518, section 3.3).
const RSA_MODULUS_BYTES_MIN: usize = 256;
/// The longest: 8192 bits.
const RSA_MODULUS_BYTES_MAX: usize = 1024;
/// What an RSA key has besides its modulus when it is written as one, in bytes.
const RSA_REST_BYTES_MAX: usize = 32;

/// A key.
#[derive(Clone)]
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
            (KeyAlgorithm::ES256, Some(path), None) => Self::public(&id, &file(path)?, Self::p256),
            (KeyAlgorithm::RS256, Some(path), None) => Self::public(&id, &file(path)?, Self::rsa),
            (KeyAlgorithm::EdDSA | KeyAlgorithm::ES256 | KeyAlgorithm::RS256, ..) => {
                needs("a file with a PEM, and no secret")
            }
        }
    }

    /// Whether it is the same key, and not another one by its name.
    pub fn is(&self, other: &Self) -> bool {
        let bytes = |key: &Self| key.verify.try_get_as_bytes().map(<[u8]>::to_vec).ok();
        self.id == other.id && self.algorithm == other.algorithm && bytes(self) == bytes(other)
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

    /// A public key in PEM, of the kind that `of` takes.
    fn public(id: &str, pem: &SecretString, of: fn(&str, DecodingKey) -> Option<Self>) -> Result<Self, AuthError> {
        let pem = pem.expose_secret().as_bytes();
        let read = DecodingKey::from_ec_pem(pem).or_else(|_| DecodingKey::from_rsa_pem(pem));
        let key = read.ok().filter(|_| is_public_pem(pem)).and_then(|key| of(id, key));
        key.ok_or_else(|| AuthError::NotPublic { id: id.to_owned() })
    }

    fn p256(id: &str, verify: DecodingKey) -> Option<Self> {
        let point = verify.try_get_as_bytes().ok()?;
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?;
        let is_whole = point.len() == P256_POINT_BYTES && verify.family() == AlgorithmFamily::Ec;
        is_whole.then(|| Self { id: id.to_owned(), algorithm: KeyAlgorithm::ES256, verify, sign: None })
    }

    fn rsa(id: &str, verify: DecodingKey) -> Option<Self> {
        let der = verify.try_get_as_bytes().ok()?;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).ok()?;
        let is_long = (RSA_MODULUS_BYTES_MIN..=RSA_MODULUS_BYTES_MAX + RSA_REST_BYTES_MAX).contains(&der.len());
        (is_long && verify.family() == AlgorithmFamily::Rsa).then(|| Self {
            id: id.to_owned(),
            algorithm: KeyAlgorithm::RS256,
            verify,
            sign: None,
        })
    }

    /// The Ed25519 key of a set (RFC 8037, section 2).
    pub fn of_ed25519(id: &str, x: &str) -> Option<Self> {
        let point = URL_SAFE_NO_PAD.decode(x).ok().filter(|point| point.len() == ED25519_PUBLIC_BYTES)?;
        let verify = DecodingKey::from_ed_der(&point);
        Some(Self { id: id.to_owned(), algorithm: KeyAlgorithm::EdDSA, verify, sign: None })
    }

    /// The P-256 key of a set (RFC 7518, section 6.2).
    pub fn of_p256(id: &str, x: &str, y: &str) -> Option<Self> {
        Self::p256(id, DecodingKey::from_ec_components(x, y).ok()?)
    }

    /// The RSA key of a set (RFC 7518, section 6.3), of 2048 to 8192 bits.
    pub fn of_rsa(id: &str, n: &str, e: &str) -> Option<Self> {
        let (n, e) = (URL_SAFE_NO_PAD.decode(n).ok()?, URL_SAFE_NO_PAD.decode(e).ok()?);
        let is_long = (RSA_MODULUS_BYTES_MIN..=RSA_MODULUS_BYTES_MAX).contains(&n.len()) && n[0] >= 0x80;
        let is_odd = e.last().is_some_and(|last| last % 2 == 1) && (1..=8).contains(&e.len()) && e != [1];
        let verify = DecodingKey::from_rsa_raw_components(&n, &e);
        (is_long && is_odd).then(|| Self { id: id.to_owned(), algorithm: KeyAlgorithm::RS256, verify, sign: None })
    }

    /// The algorithm's name in a header.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            KeyAlgorithm::HS256 => "HS256",
            KeyAlgorithm::EdDSA => "EdDSA",
            KeyAlgorithm::ES256 => "ES256",
            KeyAlgorithm::RS256 => "RS256",
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
            KeyAlgorithm::ES256 => Algorithm::ES256,
            KeyAlgorithm::RS256 => Algorithm::RS256,
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
