//! The target's lock: an OS lock on `<database file>.windlass-lock`.
//!
//! The kernel frees it when its last holder is gone, however that ends; nothing is ever stale and no clock is asked. It
//! belongs to the open file, so that two sessions of one process exclude each other as two processes do (Linux manual,
//! flock(2): "associated with an open file description"). It does not reach other hosts: a SQLite file on a network disk is
//! not for several hosts anyway (SQLite manual, "How To Corrupt An SQLite Database File", section 2.1).
//!
//! The file stays when the lock is freed: removing it would let two holders lock two different files of one name.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{EngineError, Place, fault, watch::Watch};

/// A probe of [`is_locked`] holds the lock for an instant; a taker that meets one tries again, this often in all.
const TRIES: u32 = 4;

/// How long between two tries.
const TRY_AGAIN_MS: u64 = 5;

/// The lock file of a database; the same for every path that leads to it.
pub(super) fn path_of(place: &Place) -> PathBuf {
    let mut path = place.path.canonicalize().unwrap_or_else(|_| place.path.clone()).into_os_string();
    path.push(".windlass-lock");
    PathBuf::from(path)
}

/// Takes the lock for the connection behind `watch`. True when it is held now.
///
/// # Errors
/// [`EngineError::ReadOnly`] when the lock file cannot be created; [`EngineError::File`] when the file system has no locks.
pub(super) async fn take(place: &Place, watch: &Watch) -> Result<bool, EngineError> {
    if watch.lock().is_some() {
        return Ok(true);
    }
    let path = path_of(place);
    let file = create(place, &path)?;
    for attempt in 1..=TRIES {
        match file.try_lock() {
            Ok(()) => {
                *watch.lock() = Some(file);
                return Ok(true);
            }
            Err(TryLockError::WouldBlock) if attempt < TRIES => {
                tokio::time::sleep(Duration::from_millis(TRY_AGAIN_MS)).await;
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(fault::on_file(&path, error)),
        }
    }
    Ok(false)
}

/// Whether anybody holds the lock; creates nothing.
///
/// # Errors
/// [`EngineError::File`] when the lock file is there and cannot be asked.
pub(super) fn is_taken(place: &Place, watch: &Watch) -> Result<bool, EngineError> {
    if watch.lock().is_some() {
        return Ok(true);
    }
    let path = path_of(place);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(fault::on_file(&path, error)),
    };
    // Shared, so that two probes do not see each other; freed with the file at the end of this function.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(fault::on_file(&path, error)),
    }
}

/// Gives the lock back, if it is held.
///
/// # Errors
/// [`EngineError::File`] when the kernel refuses.
pub(super) fn free(place: &Place, watch: &Watch) -> Result<(), EngineError> {
    match watch.lock().take() {
        Some(file) => file.unlock().map_err(|error| fault::on_file(&path_of(place), error)),
        None => Ok(()),
    }
}

fn create(place: &Place, path: &Path) -> Result<File, EngineError> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            EngineError::ReadOnly { address: place.address.clone() }
        }
        _ => fault::on_file(path, error),
    })
}
