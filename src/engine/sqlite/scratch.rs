//! A private file in between, gone when it is dropped.

use std::{
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ulid::Ulid;

use super::{EngineError, fault};

/// What SQLite may put beside a database (SQLite manual, "Temporary Files Used By SQLite").
const BESIDE: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// An empty file (mode 600) that nobody else uses.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one in `folder`, which is made (mode 700) when it is missing.
    ///
    /// # Errors
    /// [`EngineError::File`] when it cannot.
    pub(super) fn within(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join(format!("windlass-{}.db", Ulid::generate()));
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path));
        match made {
            Ok(_) => Ok(Self { path }),
            Err(error) => Err(fault::on_file(&path, error)),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for ending in BESIDE {
            let mut path = self.path.clone().into_os_string();
            path.push(ending);
            // What cannot be removed is private, and is in nobody's way.
            let _ = std::fs::remove_file(path);
        }
    }
}
