//! The audit trail as a chain.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What stands before the first seal.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The newest seal of the audit trail: whoever notes it can tell later whether anything up to it was changed or cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// How many lines it closes.
    pub number: i64,
    /// The seal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub mac: String,
}

impl AuditHead {
    /// The head of a trail without lines.
    #[must_use]
    pub fn genesis() -> Self {
        Self { number: 0, mac: GENESIS.to_owned() }
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.mac)
    }
}

/// A text is no head.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write it as windlass audit verify prints it: NUMBER:SEAL")]
pub struct NoHead;

impl FromStr for AuditHead {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (number, mac) = text.split_once([':', ' ']).ok_or(NoHead)?;
        let is_mac = mac.len() == GENESIS.len() && mac.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match number.parse() {
            Ok(number @ 0..) if is_mac => Ok(Self { number, mac: mac.to_owned() }),
            _ => Err(NoHead),
        }
    }
}

/// The first entry of the audit trail that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditFault {
    /// Which entry, counted from 1.
    pub number: i64,
    /// Its place in the log, where it has one.
    pub seq: Option<i64>,
    /// What is wrong with it.
    pub reason: String,
}

impl AuditFault {
    /// At this entry.
    #[must_use]
    pub fn of(number: i64, seq: Option<i64>, reason: &str) -> Self {
        Self { number, seq, reason: reason.to_owned() }
    }
}

/// What came of a look at the whole audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditReport {
    /// Whether every entry is as it was written, and none is missing.
    pub whole: bool,
    /// How many entries are whole, from the first on.
    pub entries: i64,
    /// The seal of the last of them.
    pub head: AuditHead,
    /// The first one that is not.
    pub fault: Option<AuditFault>,
}
