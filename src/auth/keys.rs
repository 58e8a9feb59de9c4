//! All keys: which one a token was signed with, and which one signs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::aws_lc;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, sleep};
use ulid::Ulid;

use super::{
    claims::{Claims, Rules, SUBJECT_CHARS_MAX, is_subject},
    error::{AuthError, MintError, TokenError},
    far::Far,
    key::Key,
    principal::Principal,
    ring::{Ring, is_address},
    token::Parts,
};
use crate::config;

/// How often it is looked whether a file has changed: a key that was taken away is not believed for longer than this.
const LOOK_MS: u64 = 500;

/// All keys, in memory. To rotate: add the new one beside the old, sign with it, then take the old one away.
pub struct Keys {
    settings: config::Auth,
    data_dir: PathBuf,
    ring: ArcSwap<Ring>,
    far: Option<Arc<Far>>,
    rules: Rules,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("ring", &self.ring.load()).finish_non_exhaustive()
    }
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
        Self {
            settings: settings.clone(),
            data_dir: PathBuf::new(),
            ring: ArcSwap::default(),
            far: None,
            rules: Rules::of(settings),
        }
    }

    /// Loads the configured keys; without one, the secret in `data_dir`, which is made when it is missing. Keys that are
    /// published at an address come by [`Keys::keep`]. Blocks for a few small files.
    ///
    /// # Errors
    /// [`AuthError`]: a key that is short, misnamed, unreadable, or open to others than its owner; a set or a deny list that is
    /// none.
    pub fn load(settings: &config::Auth, data_dir: &Path) -> Result<Self, AuthError> {
        // Err means that somebody else in this process did so before.
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
        let ring = Ring::load(settings, data_dir)?;
        let far = settings.jwks.as_deref().filter(|text| is_address(text)).map(Far::at).transpose()?.map(Arc::new);
        let (ring, data_dir) = (ArcSwap::from_pointee(ring), data_dir.to_owned());
        Ok(Self { settings: settings.clone(), data_dir, ring, far, rules: Rules::of(settings) })
    }

    /// Keeps the keys as the files and the address have them, for ever; neither waits for the other. What cannot be used is
    /// told, and the last that could stays.
    pub async fn keep(&self) {
        tokio::join!(self.keep_files(), self.keep_published());
    }

    async fn keep_files(&self) {
        let mut tick = interval(Duration::from_millis(LOOK_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.reload();
        }
    }

    async fn keep_published(&self) {
        let Some(far) = &self.far else { return };
        // Whoever comes meanwhile waits for it, and asks for none of their own.
        far.asked_for(Instant::now()).await;
        loop {
            sleep(self.settings.jwks_refresh).await;
            far.fetch().await;
        }
    }

    /// Reads the files again if one has changed. Blocks for a few small files.
    pub fn reload(&self) {
        let ring = self.ring.load();
        // Before a file is read: should it be no good, what is written meanwhile is read the next time.
        let stamps = ring.stamps_now();
        if !ring.is_older_than(&stamps) {
            return;
        }
        let (fresh, faults) = ring.again(&self.settings, &self.data_dir, stamps);
        for error in &faults {
            tracing::error!(%error, "keys and denials were not all read again, and what cannot be stays as it was: {error}");
        }
        if faults.is_empty() {
            tracing::info!("the keys were read again: {} are here", fresh.all.len());
        }
        self.ring.store(fresh.into());
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
        let ring = self.ring.load();
        let key = ring.signing.and_then(|index| ring.all.get(index)).ok_or(MintError::NoSigningKey)?;
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

    /// Who the bearer of a token is; `bearer` is what stands behind `Bearer ` in the header. When it names a key that is not
    /// here and keys are published at an address, they are fetched first, once a minute at most.
    ///
    /// # Errors
    /// [`TokenError`], which tells the outside nothing about the reason.
    pub async fn verify_or_fetch(&self, bearer: &str, now: DateTime<Utc>) -> Result<Principal, TokenError> {
        // Before it is looked: what was fetched meanwhile is looked at again.
        let looked = Instant::now();
        let verified = self.verify(bearer, now);
        match (&verified, &self.far) {
            (Err(TokenError::NoSuchKey), Some(far)) if far.asked_for(looked).await => self.verify(bearer, now),
            _ => verified,
        }
    }

    /// Who the bearer of a token is, by the keys that are here.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, bearer: &str, now: DateTime<Utc>) -> Result<Principal, TokenError> {
        let parts = Parts::of(bearer)?;
        let (ring, far) = (self.ring.load(), self.far.as_ref().map(|far| far.seen()));
        let published = far.as_ref().map(|keys| keys.as_slice()).unwrap_or_default();
        // A configured key comes before a published one of its name.
        let all = || ring.all.iter().chain(published);
        let named = match &parts.header.kid {
            Some(name) => all().find(|key| key.id == *name),
            None => match (all().next(), all().nth(1)) {
                (Some(only), None) => Some(only),
                _ => return Err(TokenError::because("no key named, and not exactly one here")),
            },
        };
        let is_of_alg = |key: &&Key| key.algorithm() == parts.header.alg;
        let Some(key) = named.filter(is_of_alg) else {
            // Time does not tell which names there are: as much is done, with any key, as for a signature that does not hold.
            if let Some(any) = all().find(is_of_alg) {
                std::hint::black_box(any.has_signed(parts.signed, parts.signature));
            }
            return Err(
                named.map_or(TokenError::NoSuchKey, |_| TokenError::because("another algorithm than the key's"))
            );
        };
        if !key.has_signed(parts.signed, parts.signature) {
            return Err(TokenError::because("signature does not hold"));
        }
        let claims: Claims = parts.claims()?;
        if ring.denied.denies(&claims) {
            return Err(TokenError::because("denied by auth.deny_list"));
        }
        claims.principal(&self.rules, now)
    }
}

fn signed(key: &Key, header: &HeaderOut<'_>, claims: &Claims) -> Option<String> {
    let part = |json: serde_json::Result<Vec<u8>>| Some(URL_SAFE_NO_PAD.encode(json.ok()?));
    let text = format!("{}.{}", part(serde_json::to_vec(header))?, part(serde_json::to_vec(claims))?);
    let signature = key.signature(&text)?;
    Some(format!("{text}.{signature}"))
}
