//! Sets of public keys, as identity providers publish them (RFC 7517). A set never holds a secret: a symmetric key in one, or
//! the private half of another, is left out, and so is whatever is not for signatures of a kind that is known here.

use serde::Deserialize;

use super::{key::Key, token::is_key_name};

/// The largest set, in bytes.
pub(super) const SET_BYTES_MAX: usize = 64 * 1024;
/// The most keys of a set.
const KEYS_MAX: usize = 64;

/// Why a set cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSet {
    #[error("it is not a JSON Web Key Set")]
    Form,
    #[error("it has no keys at all")]
    Empty,
    #[error("it has two keys of one name")]
    KeyTwice,
    #[error("it has more than {KEYS_MAX} keys")]
    Many,
    #[error("none of its keys is a public key for EdDSA, ES256 or RS256 with a usable name")]
    NoKey,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// What is read of a key. Members of other names are not looked at, but for the private ones.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<serde_json::Value>,
}

/// The keys of a set that can be used here.
///
/// # Errors
/// [`NoSet`]; also when there is none, and when there are none of use.
pub(super) fn keys(bytes: &[u8]) -> Result<Vec<Key>, NoSet> {
    let set: Set = serde_json::from_slice(bytes).map_err(|_| NoSet::Form)?;
    if set.keys.is_empty() {
        return Err(NoSet::Empty);
    }
    if set.keys.len() > KEYS_MAX {
        return Err(NoSet::Many);
    }
    let mut found: Vec<Key> = Vec::new();
    for key in set.keys.into_iter().filter_map(|jwk| key(&serde_json::from_value(jwk).ok()?)) {
        if found.iter().any(|other| other.id == key.id) {
            return Err(NoSet::KeyTwice);
        }
        found.push(key);
    }
    if found.is_empty() { Err(NoSet::NoKey) } else { Ok(found) }
}

/// The algorithm follows from the kind of the key, and what the key says of it must agree.
fn key(jwk: &Jwk) -> Option<Key> {
    let is_to_verify = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
        && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !is_key_name(&jwk.kid) || !is_to_verify || jwk.d.is_some() {
        return None;
    }
    let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => ("EdDSA", Key::of_ed25519(&jwk.kid, jwk.x.as_deref()?)),
        ("EC", Some("P-256")) => ("ES256", Key::of_p256(&jwk.kid, jwk.x.as_deref()?, jwk.y.as_deref()?)),
        ("RSA", None) => ("RS256", Key::of_rsa(&jwk.kid, jwk.n.as_deref()?, jwk.e.as_deref()?)),
        _ => return None,
    };
    key.filter(|_| jwk.alg.as_deref().is_none_or(|alg| alg == algorithm))
}
