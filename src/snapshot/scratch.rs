//! Private folders for what an engine needs in between.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use tempfile::TempDir;

use super::{error::ArchiveError, local};

/// How every such folder is called before its own letters.
const PREFIX: &str = ".scratch-";
/// How often a folder is made anew that a sweep took in the moment before it was held.
const MAKES_MAX: usize = 10;

/// A private folder (mode 700), gone when it is dropped. As long as it lives no sweep takes it, of this process or another: it is held
/// by a lock on the open folder, which the system frees with the process (Linux manual, flock(2)).
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// Dropped last: the folder is held until it is gone.
    _held: File,
}

impl Scratch {
    /// Makes one within `place`. Blocks.
    pub(super) fn within(place: &Path) -> Result<Self, ArchiveError> {
        local::prepare(place)?;
        let failed = |error| ArchiveError::file(place, error);
        for _ in 1..MAKES_MAX {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place).map_err(failed)?;
            if let Some(held) = hold(folder.path()).map_err(failed)? {
                return Ok(Self { folder, _held: held });
            }
        }
        Err(failed(std::io::Error::other("each folder made in it is gone at once: another program empties it")))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders that a crash left within `place`: those that nobody holds. Gives their names. Blocks.
pub(super) fn sweep(place: &Path) -> Result<Vec<String>, ArchiveError> {
    if !local::is_there(place)? {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(place).map_err(|error| ArchiveError::file(place, error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut swept = Vec::new();
    for name in names.filter(|name| name.starts_with(PREFIX)) {
        let path = place.join(&name);
        let failed = |error| ArchiveError::file(&path, error);
        if let Some(_held) = hold(&path).map_err(failed)? {
            fs::remove_dir_all(&path).map_err(failed)?;
            swept.push(name);
        }
    }
    Ok(swept)
}

/// Holds a folder, unless somebody else does or it is gone.
fn hold(path: &Path) -> std::io::Result<Option<File>> {
    let folder = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder).filter(|_| path.is_dir())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
