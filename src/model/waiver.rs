//! What somebody allows in spite of a rule, and why.

/// What a waiver is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The statement that begins on this line of the same file.
    Statement(u32),
    /// All of a migration: it stands in its metadata.
    Migration,
    /// Nothing: no statement comes behind it.
    Nothing,
}

/// A rule that somebody waives, as it is written: neither is the rule known to be one, nor need there be a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// What should be the name of a rule.
    pub rule: String,
    /// Why; empty where nobody says.
    pub reason: String,
    /// The line on which it stands; the first is 1.
    pub line: u32,
    /// What it is about.
    pub reach: Reach,
}
