//! Other tools whose history can be taken over.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A tool that has migrated a target before windlass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// sqlx.
    Sqlx,
    /// Diesel.
    Diesel,
    /// golang-migrate.
    GolangMigrate,
    /// dbmate.
    Dbmate,
    /// goose.
    Goose,
    /// Flyway.
    Flyway,
    /// Prisma.
    Prisma,
    /// refinery.
    Refinery,
    /// Rails.
    Rails,
    /// popx, Ory's.
    Popx,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Sqlx,
        Self::Diesel,
        Self::GolangMigrate,
        Self::Dbmate,
        Self::Goose,
        Self::Flyway,
        Self::Prisma,
        Self::Refinery,
        Self::Rails,
        Self::Popx,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::GolangMigrate => "golang-migrate",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Flyway => "flyway",
            Self::Prisma => "prisma",
            Self::Refinery => "refinery",
            Self::Rails => "rails",
            Self::Popx => "popx",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
