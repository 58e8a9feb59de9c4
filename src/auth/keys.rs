//! All keys: which one a token was signed with, and which one signs.

use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::aws_lc;
use serde::Serialize;
use ulid::Ulid;

use super::{
    claims::{Claims, Rules, SUBJECT_CHARS_MAX, is_subject},
    error::{AuthError, MintError, TokenError},
    key::Key,
    own_secret,
    principal::Principal,
    token::Parts,
};
use crate::config;

/// All keys, in memory. To rotate: configure the new one beside the old, sign with it, then take the old one away.
#[derive(Debug)]
pub struct Keys {
    all: Vec<Key>,
    signing: Option<usize>,
    rules: Rules,
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

impl Keys {
    /// No key at all: nothing can be signed, and every token is refused.
    #[must_use]
    pub fn none(settings: &config::Auth) -> Self {
        Self { all: Vec::new(), signing: None, rules: Rules::of(settings) }
    }

    /// Loads the configured keys; without one, the secret in `data_dir`, which is made when it is missing.
    /// Blocks for a few small files.
    ///
    /// # Errors
    /// [`AuthError`]: a key that is short, misnamed, unreadable, or open to others than its owner.
    pub fn load(settings: &config::Auth, data_dir: &Path) -> Result<Self, AuthError> {
        // Err means that somebody else in this process did so before.
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
        let mut all: Vec<Key> = Vec::new();
        for key in &settings.keys {
            if all.iter().any(|other| other.id == key.id) {
                return Err(AuthError::KeyTwice { id: key.id.clone() });
            }
            all.push(Key::load(key)?);
        }
        if all.is_empty() {
            all.push(Key::hs256(own_secret::KEY_ID, &own_secret::load_or_make(data_dir)?)?);
        }
        let signing = match &settings.signing_key {
            None => all.iter().position(Key::can_sign),
            Some(id) => match all.iter().position(|key| key.id == *id && key.can_sign()) {
                None => return Err(AuthError::SigningKey { id: id.clone() }),
                found => found,
            },
        };
        Ok(Self { all, signing, rules: Rules::of(settings) })
    }

    /// Makes a token that is good from `now` for `lifetime`.
    ///
    /// # Errors
    /// [`MintError`], for a token that [`Keys::verify`] would not believe, or when no key can sign.
    pub fn mint(
        &self,
        subject: &str,
        level: i64,
        permissions: &[String],
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Result<String, MintError> {
        let key = self.signing.and_then(|index| self.all.get(index)).ok_or(MintError::NoSigningKey)?;
        if !is_subject(subject) {
            return Err(MintError::Subject { max: SUBJECT_CHARS_MAX });
        }
        let max = self.rules.lifetime_max;
        let seconds = i64::try_from(lifetime.as_secs()).map_err(|_| MintError::Lifetime { max })?;
        if seconds < 1 || lifetime > max {
            return Err(MintError::Lifetime { max });
        }
        let claims = Claims {
            iss: self.rules.issuer.clone(),
            aud: self.rules.audience.clone(),
            sub: subject.to_owned(),
            iat: now.timestamp(),
            nbf: Some(now.timestamp()),
            exp: now.timestamp() + seconds,
            jti: Some(Ulid::generate().to_string()),
            level,
            permissions: permissions.to_vec(),
        };
        let header = HeaderOut { alg: key.algorithm(), typ: "JWT", kid: &key.id };
        signed(key, &header, &claims).ok_or_else(|| MintError::Refused { id: key.id.clone() })
    }

    /// Who the bearer of a token is; `bearer` is what stands behind `Bearer ` in the header.
    ///
    /// # Errors
    /// [`TokenError`], which tells the outside nothing about the reason.
    pub fn verify(&self, bearer: &str, now: DateTime<Utc>) -> Result<Principal, TokenError> {
        let parts = Parts::of(bearer)?;
        let key = self.key(parts.header.kid.as_deref())?;
        if parts.header.alg != key.algorithm() {
            return Err(TokenError::because("another algorithm than the key's"));
        }
        if !key.has_signed(parts.signed, parts.signature) {
            return Err(TokenError::because("signature does not hold"));
        }
        parts.claims::<Claims>()?.principal(&self.rules, now)
    }

    fn key(&self, name: Option<&str>) -> Result<&Key, TokenError> {
        match (name, self.all.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(TokenError::because("no key named, and more than one here")),
            (Some(name), keys) => {
                keys.iter().find(|key| key.id == name).ok_or(TokenError::because("a key that is not here"))
            }
        }
    }
}

fn signed(key: &Key, header: &HeaderOut<'_>, claims: &Claims) -> Option<String> {
    let part = |json: serde_json::Result<Vec<u8>>| Some(URL_SAFE_NO_PAD.encode(json.ok()?));
    let text = format!("{}.{}", part(serde_json::to_vec(header))?, part(serde_json::to_vec(claims))?);
    let signature = key.signature(&text)?;
    Some(format!("{text}.{signature}"))
}
