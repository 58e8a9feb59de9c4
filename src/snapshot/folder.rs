//! The folder of snapshots.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::{sync::mpsc::Receiver, task};

use super::{
    ArchiveError, Written, names,
    names::Kind,
    read::{self, Sink},
    write,
};
use crate::model::snapshot::{Manifest, SnapshotId};

/// How a private folder in between is called; what follows is random.
const SCRATCH: &str = ".scratch-";

/// A folder in which snapshots lie. Cheap to clone; nothing is kept open.
///
/// Everything that reads or writes runs on a thread that may block. Only one caller at a time may write (the one that holds
/// the target's lock); readers need no lock, for a snapshot never changes once its manifest is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// What lies in a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// The snapshots, newest first.
    pub manifests: Vec<Manifest>,
    /// Manifests that are there and cannot be read: a snapshot one may have counted on.
    pub unreadable: Vec<ArchiveError>,
}

impl Folder {
    /// The folder at `path`; it is made (mode 700) with the first snapshot. Touches nothing.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A private folder (mode 700) within this one, for what an engine needs in between; gone when it is dropped, and
    /// swept up by [`Folder::sweep`] when that never came.
    ///
    /// # Errors
    /// [`ArchiveError::Link`], [`ArchiveError::File`].
    pub async fn scratch(&self) -> Result<TempDir, ArchiveError> {
        self.on_a_thread(|folder| {
            write::prepare(folder)?;
            let made = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(folder);
            made.map_err(|error| ArchiveError::file(folder, error))
        })
        .await
    }

    /// Writes the payload of a snapshot: the pieces of a native dump, in order, compressed with zstd. `progress` is told the
    /// bytes of the dump so far. There is no snapshot before [`Folder::publish`].
    ///
    /// The end of the channel is taken for the end of the dump: whoever sends says by other means whether it is whole, and
    /// when it is not, [`Folder::remove`] takes the payload away again.
    ///
    /// # Errors
    /// [`ArchiveError::Exists`] when the id is taken; [`ArchiveError::Link`] when the folder is one; [`ArchiveError::File`]
    /// when the disk is full or cannot be written, and then nothing is left but perhaps a `.part`.
    pub async fn create(
        &self,
        id: SnapshotId,
        dump_ending: &str,
        dump: Receiver<Bytes>,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Written, ArchiveError> {
        let ending = dump_ending.to_owned();
        self.on_a_thread(move |folder| write::payload(folder, id, &ending, dump, progress)).await
    }

    /// Writes the manifest, whose payload must lie there with the size it says. From now on there is a snapshot.
    ///
    /// # Errors
    /// [`ArchiveError::Exists`], [`ArchiveError::Damaged`] when the payload is not the manifest's, [`ArchiveError::File`].
    pub async fn publish(&self, manifest: &Manifest) -> Result<(), ArchiveError> {
        let manifest = manifest.clone();
        self.on_a_thread(move |folder| write::manifest(folder, &manifest)).await
    }

    /// Every snapshot. A folder that is not there has none; payloads without a manifest and files on their way are no
    /// snapshots; files of other names are not ours.
    ///
    /// # Errors
    /// When the folder cannot be read, or is a link.
    pub async fn list(&self) -> Result<Listing, ArchiveError> {
        self.on_a_thread(list).await
    }

    /// The manifest of one snapshot.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`], [`ArchiveError::Unreadable`].
    pub async fn find(&self, id: SnapshotId) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |folder| read::manifest(folder, id)).await
    }

    /// Reads every byte of the payload and of the dump in it, and compares sizes and hashes with the manifest. `progress` is
    /// told the bytes of the payload so far.
    ///
    /// # Errors
    /// [`ArchiveError::Damaged`] says what differs.
    pub async fn verify(
        &self,
        id: SnapshotId,
        mut progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |folder| read::verify(folder, id, &mut progress)).await
    }

    /// Sends the dump into `sink`, piece by piece, after the SHA-256 of the whole payload was compared: of a damaged one not
    /// a byte is sent. `progress` is told the bytes of the dump so far. A failure is sent as well as given back.
    ///
    /// # Errors
    /// As [`Folder::verify`]; [`ArchiveError::File`] when nobody receives any more.
    pub async fn open(
        &self,
        id: SnapshotId,
        sink: Sink,
        mut progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |folder| read::open(folder, id, &sink, &mut progress)).await
    }

    /// Removes a snapshot, its manifest first; or what there is of one that was never published.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] when there is no file of this id.
    pub async fn remove(&self, id: SnapshotId) -> Result<(), ArchiveError> {
        self.on_a_thread(move |folder| remove(folder, id)).await
    }

    /// Removes what crashed writes left: files on their way, and payloads without a manifest. Gives their names. Only for
    /// whoever holds the target's lock, for a snapshot that is just being written looks the same.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub async fn sweep(&self) -> Result<Vec<String>, ArchiveError> {
        self.on_a_thread(sweep).await
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let path = self.path.clone();
        let outcome = task::spawn_blocking(move || work(&path)).await;
        outcome.unwrap_or_else(|error| Err(ArchiveError::file(&self.path, io::Error::other(error))))
    }
}

/// The files of ours.
fn files(folder: &Path) -> Result<Vec<(SnapshotId, Kind, String)>, ArchiveError> {
    if !read::is_there(folder)? {
        return Ok(Vec::new());
    }
    let on_folder = |error| ArchiveError::file(folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(on_folder)? {
        let name = entry.map_err(on_folder)?.file_name();
        let Some(name) = name.to_str() else { continue };
        files.extend(names::read(name).map(|(id, kind)| (id, kind, name.to_owned())));
    }
    Ok(files)
}

fn list(folder: &Path) -> Result<Listing, ArchiveError> {
    let mut listing = Listing::default();
    for (id, _, _) in files(folder)?.into_iter().filter(|(_, kind, _)| *kind == Kind::Manifest) {
        match read::manifest(folder, id) {
            Ok(manifest) => listing.manifests.push(manifest),
            Err(ArchiveError::Missing(_)) => {} // Removed since the folder was read.
            Err(error) => listing.unreadable.push(error),
        }
    }
    listing.manifests.sort_by_key(|manifest| std::cmp::Reverse((manifest.created_at, manifest.id)));
    Ok(listing)
}

fn remove(folder: &Path, id: SnapshotId) -> Result<(), ArchiveError> {
    let mut own: Vec<_> = files(folder)?.into_iter().filter(|(owner, _, _)| *owner == id).collect();
    if own.is_empty() {
        return Err(ArchiveError::Missing(id));
    }
    // Without its manifest it is no snapshot any more, wherever this is interrupted.
    own.sort_by_key(|(_, kind, _)| *kind != Kind::Manifest);
    for (_, kind, name) in own {
        delete(folder, &name)?;
        if kind == Kind::Manifest {
            write::sync(folder).map_err(|error| ArchiveError::file(folder, error))?;
        }
    }
    write::sync(folder).map_err(|error| ArchiveError::file(folder, error))
}

fn sweep(folder: &Path) -> Result<Vec<String>, ArchiveError> {
    let files = files(folder)?;
    let published: BTreeSet<_> =
        files.iter().filter(|(_, kind, _)| *kind == Kind::Manifest).map(|(id, _, _)| *id).collect();
    let mut swept = Vec::new();
    for (id, kind, name) in files {
        if kind == Kind::Part || (kind == Kind::Payload && !published.contains(&id)) {
            delete(folder, &name)?;
            swept.push(name);
        }
    }
    for name in scratch_folders(folder)? {
        let path = folder.join(&name);
        fs::remove_dir_all(&path).map_err(|error| ArchiveError::file(&path, error))?;
        swept.push(name);
    }
    if !swept.is_empty() {
        write::sync(folder).map_err(|error| ArchiveError::file(folder, error))?;
    }
    swept.sort();
    Ok(swept)
}

/// The private folders that a crash left.
fn scratch_folders(folder: &Path) -> Result<Vec<String>, ArchiveError> {
    if !read::is_there(folder)? {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| ArchiveError::file(folder, error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| name.starts_with(SCRATCH)).collect())
}

fn delete(folder: &Path, name: &str) -> Result<(), ArchiveError> {
    let path = folder.join(name);
    fs::remove_file(&path).map_err(|error| ArchiveError::file(&path, error))
}
