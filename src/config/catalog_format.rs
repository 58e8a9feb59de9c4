//! Whose layout a catalog has.

use serde::{Deserialize, Serialize};

/// Whose layout a catalog has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatalogFormat {
    /// Found out by looking.
    #[default]
    Auto,
    /// Our own.
    Windlass,
    /// sqlx, simple or reversible.
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
    /// popx, Ory's.
    Popx,
    /// Rails with SQL beside its Ruby.
    Rails,
    /// Version directories with manifests, as Temporal has them.
    Temporal,
}
