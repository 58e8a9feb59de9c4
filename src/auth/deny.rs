//! Tokens that are good in every other way, and are not believed any more: named one by one, or all that a subject was given
//! before a time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::claims::Claims;

/// The largest list, in bytes: some ten thousand tokens or more.
pub(super) const LIST_BYTES_MAX: usize = 1024 * 1024;

/// What is denied. Empty denies nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DenyList {
    tokens: BTreeSet<String>,
    /// By subject: tokens that were issued before are denied. In seconds since 1970.
    subjects: BTreeMap<String, i64>,
}

impl DenyList {
    /// Reads a list: lines `jti NAME`, and `subject NAME TIME` (RFC 3339); empty ones and those behind a `#` say nothing.
    ///
    /// # Errors
    /// The number of the first line that is none of these: what is not understood may be what matters.
    pub fn of(text: &str) -> Result<Self, usize> {
        let mut list = Self::default();
        for (number, line) in (1_usize..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            list.take(line).ok_or(number)?;
        }
        Ok(list)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim();
        match kind {
            "jti" if !rest.is_empty() && !rest.contains(char::is_whitespace) => {
                self.tokens.insert(rest.to_owned());
            }
            "subject" => {
                let (subject, time) = rest.rsplit_once(char::is_whitespace)?;
                let before = time.parse::<DateTime<Utc>>().ok()?.timestamp();
                let known = self.subjects.entry(subject.trim_end().to_owned()).or_insert(before);
                *known = before.max(*known);
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether a token that says this is denied.
    pub fn denies(&self, claims: &Claims) -> bool {
        claims.jti.as_ref().is_some_and(|jti| self.tokens.contains(jti))
            || self.subjects.get(&claims.sub).is_some_and(|before| claims.iat < *before)
    }
}
