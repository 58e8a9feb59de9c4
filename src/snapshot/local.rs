//! A folder of this machine. Every file is for its owner alone, and is on the disk before its name is: content, fsync, rename,
//! fsync of the folder.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::mpsc::{SyncSender, TrySendError, sync_channel},
    thread,
};

use super::{
    ArchiveError,
    measure::{Measure, measure},
    names,
    store::{Fill, Store, Stored},
};
use crate::model::snapshot::SnapshotId;

/// Small files are a few kilobytes; a thousand migrations make a manifest a few hundred.
pub(super) const SMALL_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// A stream is synced whenever so much of it was written.
const SYNC_BYTES: usize = 16 * 1_024 * 1_024;

/// A folder; made (mode 700) with the first file.
#[derive(Debug)]
pub(super) struct Local {
    folder: PathBuf,
}

/// An open file of it.
struct LocalFile {
    file: File,
    bytes: u64,
}

impl Local {
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a small file aside, and gives it its name.
    fn put(&self, name: &str, aside: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let (part, place) = (self.path(aside), self.path(name));
        let write = || {
            let mut file = new_file(&part)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        let written = write()
            .map_err(|error| ArchiveError::file(&part, error))
            .and_then(|()| name_it(&self.folder, &part, &place));
        if written.is_err() {
            let _ = fs::remove_file(&part); // A sweep finds what stays.
        }
        written
    }
}

impl Store for Local {
    fn folder(&self) -> Option<&Path> {
        Some(&self.folder)
    }

    fn place_of(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn names(&self) -> Result<Vec<String>, ArchiveError> {
        if !is_there(&self.folder)? {
            return Ok(Vec::new());
        }
        let on_folder = |error| ArchiveError::file(&self.folder, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(on_folder)? {
            names.extend(entry.map_err(on_folder)?.file_name().into_string());
        }
        Ok(names)
    }

    fn small(&self, names: &[String]) -> Vec<Result<Option<Vec<u8>>, ArchiveError>> {
        let read = |name: &String| {
            let path = self.path(name);
            let Some(metadata) = (is_there(&self.folder)?).then(|| regular(&path)).transpose()?.flatten() else {
                return Ok(None);
            };
            if metadata.len() > SMALL_BYTES_MAX {
                return Err(ArchiveError::file(&path, io::Error::other("it is larger than any file of its kind")));
            }
            match fs::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(ArchiveError::file(&path, error)),
            }
        };
        names.iter().map(read).collect()
    }

    fn stream(&self, name: &str, fill: &mut Fill<'_>) -> Result<Measure, ArchiveError> {
        prepare(&self.folder)?;
        let (part, place) = (self.path(&names::part(name)), self.path(name));
        let on_part = |error| ArchiveError::file(&part, error);
        let new = new_file(&part).map_err(on_part)?;
        let mut write = || {
            let written = with_early_syncs(&new, fill)?;
            failpoint!("snap.sync", std::io::Error::from);
            Ok(written)
        };
        let written = write()
            .map_err(on_part)
            .and_then(|written| side_by_side(|| new.sync_all().map_err(on_part), || prove(&part, written)))
            .and_then(|written| name_it(&self.folder, &part, &place).map(|()| written));
        if written.is_err() {
            let _ = fs::remove_file(&part); // A sweep finds what stays.
        }
        written
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, ArchiveError> {
        prepare(&self.folder)?;
        if regular(&self.path(name))?.is_some() {
            return Ok(false);
        }
        self.put(name, &names::part(name), bytes).map(|()| true)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        prepare(&self.folder)?;
        regular(&self.path(name))?;
        // Several may write at once: each has a name of its own, and the last one's file stays.
        self.put(name, &names::part(&format!("{name}.{}", SnapshotId::fresh())), bytes)
    }

    fn size(&self, name: &str) -> Result<Option<u64>, ArchiveError> {
        Ok(regular(&self.path(name))?.map(|metadata| metadata.len()))
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Stored>>, ArchiveError> {
        let path = self.path(name);
        if regular(&path)?.is_none() {
            return Ok(None);
        }
        let open = || {
            let file = File::open(&path)?;
            let bytes = file.metadata()?.len();
            Ok(LocalFile { file, bytes })
        };
        open().map(|file| Some(Box::new(file) as Box<dyn Stored>)).map_err(|error| ArchiveError::file(&path, error))
    }

    fn delete(&self, names: &[String]) -> Result<(), ArchiveError> {
        for name in names {
            let path = self.path(name);
            match fs::remove_file(&path) {
                Ok(()) => sync(&self.folder).map_err(|error| ArchiveError::file(&self.folder, error))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(ArchiveError::file(&path, error)),
            }
        }
        Ok(())
    }

    fn sweep(&self) -> Result<Vec<String>, ArchiveError> {
        Ok(Vec::new()) // Whatever a write leaves here has a name.
    }
}

impl Read for LocalFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Stored for LocalFile {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0)).map(drop)
    }
}

/// Whether a folder is there.
///
/// # Errors
/// When it is a link, or no folder.
pub(super) fn is_there(folder: &Path) -> Result<bool, ArchiveError> {
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Err(ArchiveError::Link { path: folder.display().to_string() }),
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(ArchiveError::file(folder, io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ArchiveError::file(folder, error)),
    }
}

/// Makes a folder when it is missing, and refuses one that is a link.
pub(super) fn prepare(folder: &Path) -> Result<(), ArchiveError> {
    if is_there(folder)? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| ArchiveError::file(folder, error))
}

/// Creates a file for its owner alone.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Puts a folder's names on the disk (Linux manual, fsync(2): a file's own fsync does not reach its name).
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The facts of a file, which must be a plain one; `None` when it is not there.
fn regular(path: &Path) -> Result<Option<Metadata>, ArchiveError> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_symlink() => Err(ArchiveError::Link { path: path.display().to_string() }),
        Ok(_) => Err(ArchiveError::file(path, io::Error::other("it is no file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ArchiveError::file(path, error)),
    }
}

/// A file that is brought to the disk while it is written, so that the end has little left to wait for.
struct Syncing<'a> {
    file: &'a File,
    /// Written since the last sync was asked for.
    bytes: usize,
    ask: SyncSender<()>,
}

impl Write for Syncing<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.file.write(piece)?;
        self.bytes += written;
        if self.bytes >= SYNC_BYTES {
            self.bytes = 0;
            // When one is asked for already, that is enough.
            if let Err(TrySendError::Disconnected(())) = self.ask.try_send(()) {
                return Err(io::Error::other("it could not be synced")); // Why, the sync says itself.
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a file with a second thread that syncs it now and then. What a sync says of a disk is said once (Linux manual, fsync(2)),
/// and so it is kept.
fn with_early_syncs(new: &File, fill: &mut Fill<'_>) -> io::Result<Measure> {
    thread::scope(|threads| {
        let (ask, asked) = sync_channel(1);
        let syncing = threads.spawn(move || asked.iter().try_for_each(|()| new.sync_data()));
        let written = fill(&mut Syncing { file: new, bytes: 0, ask });
        let synced = syncing.join().unwrap_or_else(|_| Err(io::Error::other("the thread that syncs is gone")));
        synced.and(written)
    })
}

/// Two things that wait for different parts of the machine; both must be well.
fn side_by_side<T, E: Send>(
    aside: impl FnOnce() -> Result<(), E> + Send,
    here: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    thread::scope(|threads| {
        let aside = threads.spawn(aside);
        let here = here();
        // A thread of ours does not panic; if it did, this one goes on doing so.
        aside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        here
    })
}

/// Reads back what was written before it gets its name: a disk that lies is found now, not on the day it is needed.
fn prove(part: &Path, written: Measure) -> Result<Measure, ArchiveError> {
    let read = || measure(File::open(part)?, &mut |_| ());
    match read() {
        Ok(found) if found == written => Ok(written),
        Ok(_) => Err(ArchiveError::file(part, io::Error::other("it reads back otherwise than it was written"))),
        Err(error) => Err(ArchiveError::file(part, error)),
    }
}

/// Gives a file its name, and makes the name last.
fn name_it(folder: &Path, part: &Path, place: &Path) -> Result<(), ArchiveError> {
    failpoint!("snap.name", |fault: crate::failpoint::Fault| ArchiveError::file(place, fault.into()));
    fs::rename(part, place).and_then(|()| sync(folder)).map_err(|error| ArchiveError::file(place, error))
}
