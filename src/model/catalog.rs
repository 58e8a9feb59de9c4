//! The ordered migrations on disk.

use std::collections::HashMap;

use semver::Version;

use super::{finding::Finding, migration::Migration};

/// All migrations of one folder, in the order in which they are applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The migrations, in order.
    pub migrations: Vec<Migration>,
    /// What was found while reading them; none is critical (a critical one is an error instead).
    pub findings: Vec<Finding>,
}

impl Catalog {
    /// The highest version a migration leads to; `None` for an empty catalog.
    #[must_use]
    pub fn highest(&self) -> Option<&Version> {
        self.migrations.iter().map(|m| &m.identity.version).max()
    }

    /// The migrations by their identity as text, as plans and histories name them.
    #[must_use]
    pub fn by_id(&self) -> HashMap<String, &Migration> {
        self.migrations.iter().map(|m| (m.identity.to_string(), m)).collect()
    }
}
