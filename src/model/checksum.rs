//! What a migration's text was when it was applied.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Two SHA-256 of a migration's forward scripts: over the bytes, and over the token stream
/// (so that line endings, spacing, keyword case and comments may change and meaning may not).
///
/// Written `sha256:<hex of bytes>;tokens-v1:<hex of tokens>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum {
    /// Lower-case hex SHA-256 of the bytes of the files.
    pub bytes: String,
    /// Lower-case hex SHA-256 of the token stream, by the first version of its rules.
    pub tokens: String,
}

/// How a checksum differs from the one that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Not a byte differs.
    None,
    /// Spacing, comments, line endings or the case of keywords differ.
    Meaningless,
    /// The statements differ.
    Meaningful,
}

impl Checksum {
    /// What happened to the text between `applied` and now (`self`).
    #[must_use]
    pub fn edit_since(&self, applied: &Self) -> Edit {
        if self.bytes == applied.bytes {
            Edit::None
        } else if self.tokens == applied.tokens {
            Edit::Meaningless
        } else {
            Edit::Meaningful
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{};tokens-v1:{}", self.bytes, self.tokens)
    }
}

/// A stored checksum that is not of the written form.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a checksum of the form sha256:<hex>;tokens-v1:<hex>")]
pub struct NotAChecksum(String);

impl FromStr for Checksum {
    type Err = NotAChecksum;

    fn from_str(text: &str) -> Result<Self, NotAChecksum> {
        let wrong = || NotAChecksum(text.to_owned());
        let (bytes, tokens) = text.split_once(';').ok_or_else(wrong)?;
        let bytes = bytes.strip_prefix("sha256:").ok_or_else(wrong)?;
        let tokens = tokens.strip_prefix("tokens-v1:").ok_or_else(wrong)?;
        if [bytes, tokens].iter().any(|hex| hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(wrong());
        }
        Ok(Self { bytes: bytes.to_owned(), tokens: tokens.to_owned() })
    }
}

impl Serialize for Checksum {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
