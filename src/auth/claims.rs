//! What a token says, and whether it holds now.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{error::TokenError, principal::Principal, token::present};
use crate::config;

/// How far two clocks may be apart, in seconds.
const CLOCK_SKEW_S: i64 = 5;
/// The longest subject, in characters.
pub(super) const SUBJECT_CHARS_MAX: usize = 256;

/// What a token must say to be one of ours.
#[derive(Debug)]
pub(super) struct Rules {
    pub issuer: String,
    pub audience: String,
    pub lifetime_max: Duration,
}

impl Rules {
    /// As configured.
    pub fn of(settings: &config::Auth) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            lifetime_max: settings.lifetime_max,
        }
    }
}

/// The claims, each of one type alone. Claims of other names are not looked at.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub iat: i64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    pub exp: i64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    #[serde(default)]
    pub level: i64,
    #[serde(default)]
    pub permissions: Vec<String>,
}

impl Claims {
    /// Who the token speaks for, if it speaks now and to us.
    ///
    /// # Errors
    /// The first claim that does not hold.
    pub fn principal(self, rules: &Rules, now: DateTime<Utc>) -> Result<Principal, TokenError> {
        let because = |reason| Err(TokenError::because(reason));
        let now = now.timestamp();
        let life = self.exp.saturating_sub(self.iat);
        if self.iss != rules.issuer {
            return because("another issuer");
        }
        if self.aud != rules.audience {
            return because("for another audience");
        }
        if !is_subject(&self.sub) {
            return because("no subject");
        }
        if self.exp <= now.saturating_sub(CLOCK_SKEW_S) {
            return because("expired");
        }
        if self.iat > now.saturating_add(CLOCK_SKEW_S) {
            return because("issued in the future");
        }
        if self.nbf.is_some_and(|nbf| nbf > now.saturating_add(CLOCK_SKEW_S)) {
            return because("not valid yet");
        }
        if life <= 0 || life.unsigned_abs() > rules.lifetime_max.as_secs() {
            return because("lives too long, or not at all");
        }
        Ok(Principal { subject: self.sub, level: self.level, permissions: self.permissions })
    }
}

/// Whether `text` can be a subject: it stands in the log and in the audit trail.
pub(super) fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= SUBJECT_CHARS_MAX && !text.chars().any(char::is_control)
}
