//! The locks of tables (PostgreSQL manual, "Explicit Locking", table-level locks).

/// A lock of a table that keeps others from something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Conflicts with everything.
    AccessExclusive,
    /// Leaves plain reading alone.
    Exclusive,
    /// Conflicts with writing, and with itself.
    ShareRowExclusive,
    /// Conflicts with writing.
    Share,
}

impl Lock {
    /// How the manual writes it.
    pub fn mode(self) -> &'static str {
        match self {
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Share => "SHARE",
        }
    }

    /// What others cannot do meanwhile.
    pub fn blocks(self) -> &'static str {
        match self {
            Self::AccessExclusive => "reads and writes",
            _ => "writes",
        }
    }

    /// `takes SHARE on orders, which blocks writes`.
    pub fn taken_on(self, table: &str) -> String {
        format!("takes {} on {table}, which blocks {}", self.mode(), self.blocks())
    }
}
