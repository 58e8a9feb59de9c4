//! What a key signs with.

use serde::{Deserialize, Serialize};

/// A key's algorithm; a token cannot choose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// HMAC with SHA-256; a secret of 32 bytes or more.
    HS256,
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256; a public key.
    ES256,
    /// RSA with PKCS #1 v1.5; a public key of 2048 bits or more.
    RS256,
}
