//! The shape of a token: three parts, and a header that says nothing but which key. Checked by hand before any
//! library sees the token, because libraries forgive too much here (RFC 8725, sections 2.1, 2.4, 3.1; RFC 7515,
//! section 4.1.11 for `crit`).

use std::{collections::BTreeSet, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_json::Value;

use super::error::TokenError;

/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The longest name of a key.
const KEY_NAME_BYTES_MAX: usize = 64;
/// The one type a token may say it has.
const TOKEN_TYPE: &str = "JWT";

/// What a header may say, and no more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// The algorithm it claims; must be the key's own.
    pub alg: String,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    /// The key's name.
    #[serde(default, deserialize_with = "present")]
    pub kid: Option<String>,
}

/// A token cut into its parts, not yet believed.
pub(super) struct Parts<'t> {
    /// What it says of itself.
    pub header: Header,
    /// What is signed: header and claims as they came.
    pub signed: &'t str,
    /// The signature as it came.
    pub signature: &'t str,
    claims: Vec<u8>,
}

impl<'t> Parts<'t> {
    /// Cuts and checks a token.
    ///
    /// # Errors
    /// Whatever is not exactly as it must be.
    pub fn of(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::because("larger than 8 KiB"));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::because("not three parts"));
        };
        decoded(signature)?;
        let header: Header = object(&decoded(header)?).ok_or(TokenError::because("header not as it must be"))?;
        if header.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case(TOKEN_TYPE)) {
            return Err(TokenError::because("another type of token"));
        }
        if header.kid.as_deref().is_some_and(|name| !is_key_name(name)) {
            return Err(TokenError::because("not the name of a key"));
        }
        let signed = &token[..token.len() - signature.len() - 1];
        Ok(Self { header, signed, signature, claims: decoded(claims)? })
    }

    /// The claims, once the signature is known to be good.
    ///
    /// # Errors
    /// When they are not of the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        object(&self.claims).ok_or(TokenError::because("claims not as they must be"))
    }
}

/// Whether `name` can name a key: `^[A-Za-z0-9_-]{1,64}$`.
pub(super) fn is_key_name(name: &str) -> bool {
    (1..=KEY_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// For a claim that may be left out, and may not be `null`.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::because("not base64url without padding"))
}

/// A JSON object without a name that comes twice, as a `T`.
fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice::<NamesOnce>(json).ok()?;
    serde_json::from_slice(json).ok()
}

/// An object in which no name comes twice and everything is JSON, whether or not anybody reads it: a value that is passed over is not
/// looked at for characters that are none.
struct NamesOnce;

impl<'de> Deserialize<'de> for NamesOnce {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(NamesOnceVisitor)
    }
}

struct NamesOnceVisitor;

impl<'de> Visitor<'de> for NamesOnceVisitor {
    type Value = NamesOnce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<NamesOnce, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, _)) = entries.next_entry::<String, Value>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name comes twice"));
            }
        }
        Ok(NamesOnce)
    }
}
