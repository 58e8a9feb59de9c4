//! What a plan was made of, so that it can be told whether it still is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The digest of a plan: three words of 16 hexadecimal digits, joined by `-`, each of which tells whether its part has moved.
///
/// They are of the target (its history and its schema), of the catalog, and of the settings with the goal that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanDigest {
    /// Of the history and the schema of the target.
    pub target: String,
    /// Of every migration of the catalog.
    pub catalog: String,
    /// Of the settings, and of the goal that was asked for.
    pub settings: String,
}

impl PlanDigest {
    /// The digits of each of its words.
    pub const WORD_DIGITS: usize = 16;

    /// What has moved between `then` and now (`self`), for a person; empty when nothing has.
    #[must_use]
    pub fn moved_since(&self, then: &Self) -> Vec<&'static str> {
        let parts = [
            (&self.target, &then.target, "the target"),
            (&self.catalog, &then.catalog, "the catalog"),
            (&self.settings, &then.settings, "the settings or the goal"),
        ];
        parts.into_iter().filter(|(now, then, _)| now != then).map(|(_, _, name)| name).collect()
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.target, self.catalog, self.settings)
    }
}

impl From<PlanDigest> for String {
    fn from(digest: PlanDigest) -> Self {
        digest.to_string()
    }
}

/// A text that is no digest of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest of a plan: windlass plan prints one, three words of 16 hexadecimal digits")]
pub struct PlanDigestError(String);

impl FromStr for PlanDigest {
    type Err = PlanDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &&str| {
            word.len() == Self::WORD_DIGITS && word.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        };
        match text.split('-').filter(is_word).collect::<Vec<_>>().as_slice() {
            [target, catalog, settings] if text.len() == 3 * Self::WORD_DIGITS + 2 => Ok(Self {
                target: (*target).to_owned(),
                catalog: (*catalog).to_owned(),
                settings: (*settings).to_owned(),
            }),
            _ => Err(PlanDigestError(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for PlanDigest {
    type Error = PlanDigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
