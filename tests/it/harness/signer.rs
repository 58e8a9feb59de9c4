//! Keys that sign tokens for a test, and what windlass is told of them.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A key pair of the test's own.
pub struct Signer {
    pub id: String,
    pair: Pair,
}

impl Signer {
    pub fn ed25519(id: &str) -> Self {
        Self { id: id.to_owned(), pair: Pair::Ed25519(Ed25519KeyPair::generate().expect("a key")) }
    }

    pub fn p256(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { id: id.to_owned(), pair: Pair::P256(pair) }
    }

    pub fn rsa(id: &str) -> Self {
        let pair = rsa::KeyPair::generate(KeySize::Rsa2048).expect("a key");
        Self { id: id.to_owned(), pair: Pair::Rsa(Box::new(pair)) }
    }

    /// What its tokens say they are signed by.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "EdDSA",
            Pair::P256(_) => "ES256",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// Its public half, as a member of a set.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": text(pair.public_key().as_ref())})
            }
            Pair::P256(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": text(&point[..32]), "y": text(&point[32..])})
            }
            Pair::Rsa(pair) => {
                // RFC 8017, appendix A.1.1: 2048 bits behind nine bytes, and 65537 at the end.
                let der = pair.public_key().as_ref();
                let (modulus, exponent) = (&der[9..265], &der[der.len() - 3..]);
                json!({"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256", "n": text(modulus), "e": text(exponent)})
            }
        }
    }

    /// Its public half as DER (RFC 5280, `SubjectPublicKeyInfo`).
    pub fn der(&self) -> Vec<u8> {
        let der = match &self.pair {
            Pair::Ed25519(pair) => pair.public_key().as_der(),
            Pair::P256(pair) => pair.public_key().as_der(),
            Pair::Rsa(pair) => pair.public_key().as_der(),
        };
        let der: PublicKeyX509Der<'_> = der.expect("a public key");
        der.as_ref().to_vec()
    }

    /// The same in PEM.
    pub fn pem(&self) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(self.der()))
    }

    /// A token of any header and claims, signed with this key whatever the header says.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&random, signed.as_bytes()).expect("a signature").as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("a signature");
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token as it should be, with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.id});
        self.sign(&header.to_string(), &claims.to_string())
    }
}

/// An administrator's claims, good from `now` (seconds since 1970) for ten minutes.
pub fn admin_claims(now: i64) -> Value {
    json!({"iss": "windlass", "aud": "windlass", "sub": "grace", "iat": now, "exp": now + 600, "level": 1,
           "permissions": ["system"]})
}

/// A set of these keys.
pub fn set(keys: &[&Signer]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}
