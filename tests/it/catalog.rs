//! Migrations on disk: what is read, what is refused, and in which words.

mod backfill;
mod dependencies;
mod files;
mod known;
mod metadata;
mod numbered;
mod releases;
mod scaffold;
mod transactions;
mod windlass_layout;

use std::{fs, path::Path};

use tempfile::TempDir;
use windlass::{
    catalog::{self, CatalogError},
    config::CatalogFormat,
    model::{catalog::Catalog, finding::Severity, migration::Migration},
    sql::Dialect,
};

/// A catalog in a temporary folder.
struct Folder {
    root: TempDir,
}

impl Folder {
    fn empty() -> Self {
        Self { root: tempfile::tempdir().expect("a temporary folder") }
    }

    fn with<const N: usize>(files: [(&str, &str); N]) -> Self {
        files.into_iter().fold(Self::empty(), |folder, (path, text)| folder.and(path, text))
    }

    /// Migrations of our own layout that create a table each.
    fn with_migrations<const N: usize>(names: [&str; N]) -> Self {
        names
            .into_iter()
            .fold(Self::empty(), |folder, name| folder.and(&format!("{name}/up.sql"), "CREATE TABLE t (a INT);"))
    }

    fn and(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
        self
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn load_as(&self, format: CatalogFormat, dialect: Dialect) -> Result<Catalog, CatalogError> {
        catalog::load(self.path(), format, dialect)
    }

    fn load(&self) -> Catalog {
        self.load_as(CatalogFormat::Auto, Dialect::Sqlite).unwrap_or_else(|error| panic!("must load:\n{error}"))
    }

    /// The one migration that is in it.
    fn only(&self) -> Migration {
        let mut catalog = self.load();
        assert_eq!(catalog.migrations.len(), 1);
        catalog.migrations.remove(0)
    }

    fn refused_as(&self, format: CatalogFormat) -> String {
        self.load_as(format, Dialect::Sqlite).expect_err("must be refused").to_string()
    }

    /// What a user reads when it cannot be used.
    fn refused(&self) -> String {
        self.refused_as(CatalogFormat::Auto)
    }

    /// The migrations, as they are called, in order.
    fn order(&self) -> Vec<String> {
        self.load().migrations.iter().map(|migration| migration.identity.to_string()).collect()
    }

    /// What was found that does not block: `severity rule place: message; remedy`.
    fn remarks(&self) -> Vec<String> {
        let word = |severity| match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let findings = self.load().findings;
        findings
            .iter()
            .map(|it| format!("{} {} {}: {}; {}", word(it.severity), it.rule, it.place, it.message, it.remedy))
            .map(|line| line.trim_end_matches("; ").to_owned())
            .collect()
    }
}

fn statements(migration: &Migration) -> Vec<&str> {
    migration.up.statements.iter().map(|statement| statement.sql.as_str()).collect()
}
