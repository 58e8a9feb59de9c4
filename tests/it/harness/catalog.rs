//! Catalogs made by tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The catalog that the repository shows.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")
}

/// A catalog that a test fills.
#[derive(Debug, Clone)]
pub struct Catalog(pub PathBuf);

impl Catalog {
    /// An empty one.
    pub fn empty(path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("a folder for the catalog");
        Self(path)
    }

    /// Adds a migration with both scripts.
    pub fn add(&self, id: &str, up: &str, down: &str) -> &Self {
        self.file(id, "up.sql", up).file(id, "down.sql", down)
    }

    /// Writes a file beside the migrations.
    pub fn beside(&self, name: &str, text: &str) -> &Self {
        fs::write(self.0.join(name), text).expect("a file of the catalog");
        self
    }

    /// Writes one file of a migration. A new migration appears as a whole: it is renamed into its place.
    pub fn file(&self, id: &str, name: &str, text: &str) -> &Self {
        let (folder, hidden) = (self.0.join(id), self.0.join(format!(".{id}")));
        if folder.exists() {
            fs::write(folder.join(name), text).expect("a file of the catalog");
        } else {
            fs::create_dir_all(&hidden).expect("a folder of the catalog");
            fs::write(hidden.join(name), text).expect("a file of the catalog");
            fs::rename(&hidden, &folder).expect("its place in the catalog");
        }
        self
    }
}
