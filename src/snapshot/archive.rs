//! The archive: every snapshot there is.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::{sync::mpsc::Receiver, task};

use super::{
    ArchiveError, Written,
    address::{self, Address},
    bucket::Bucket,
    document,
    key::{Keyring, Keys},
    listing::{self, Listing},
    local::Local,
    names,
    read::{self, Parcel, Sink},
    scratch::{self, Scratch},
    store::Store,
    write,
};
use crate::{
    config::{self, Compression},
    model::snapshot::{Export, GoodMark, Manifest, Marks, SnapshotId, VerifiedMark},
};

/// Where snapshots lie, and the keys that open them. Cheap to clone; nothing is kept open.
///
/// Everything that reads or writes runs on a thread that may block. Only one caller at a time may write (the one that holds
/// the target's lock); readers need no lock, for a snapshot never changes once its manifest is there.
#[derive(Debug, Clone)]
pub struct Archive {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Box<dyn Store>,
    keyring: Keyring,
    compression: Compression,
    /// The folder for what is needed in between.
    scratch: PathBuf,
    /// Marks are read, changed and written: one after the other.
    marking: Mutex<()>,
}

impl Archive {
    /// The archive as it is configured. `data_dir` is where the key lies that is made when none is configured. Touches nothing: a
    /// folder is made (mode 700) with the first snapshot, and so is the key.
    ///
    /// # Errors
    /// [`ArchiveError::Address`], [`ArchiveError::Key`] for settings that cannot be used.
    pub fn at(settings: &config::Snapshots, data_dir: &Path) -> Result<Self, ArchiveError> {
        let keyring = Keyring::of(settings, data_dir)?;
        let scratch = settings.path.clone();
        let store: Box<dyn Store> = match address::of(settings)? {
            Address::Folder(folder) => Box::new(Local::at(folder)),
            Address::Bucket { bucket, prefix } => Box::new(Bucket::at(&bucket, prefix, &settings.s3, scratch.clone())?),
        };
        let (compression, marking) = (settings.compression, Mutex::default());
        Ok(Self { inner: Arc::new(Inner { store, keyring, compression, scratch, marking }) })
    }

    /// Where it is, for a person.
    #[must_use]
    pub fn place(&self) -> String {
        self.inner.store.place_of("").trim_end_matches('/').to_owned()
    }

    /// The folder in which the snapshots lie, where they are on this machine.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        self.inner.store.folder().map(Path::to_owned)
    }

    /// A private folder (mode 700) of this machine for what an engine needs in between; gone when it is dropped, and
    /// swept up by [`Archive::sweep`] when that never came.
    ///
    /// # Errors
    /// [`ArchiveError::Link`], [`ArchiveError::File`].
    pub async fn scratch(&self) -> Result<Scratch, ArchiveError> {
        self.on_a_thread(|inner| Scratch::within(&inner.scratch)).await
    }

    /// Writes the payload of a snapshot: the pieces of a native dump, in order, compressed with zstd and sealed with age.
    /// `progress` is told the bytes of the dump so far. There is no snapshot before [`Archive::publish`].
    ///
    /// The end of the channel is taken for the end of the dump: whoever sends says by other means whether it is whole, and
    /// when it is not, [`Archive::remove`] takes the payload away again.
    ///
    /// # Errors
    /// [`ArchiveError::Exists`] when the id is taken; [`ArchiveError::Link`] when the folder is one; [`ArchiveError::File`],
    /// [`ArchiveError::Remote`] when it cannot be written, and then nothing is left but perhaps what a sweep finds.
    pub async fn create(
        &self,
        id: SnapshotId,
        dump_ending: &str,
        dump: Receiver<Bytes>,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Written, ArchiveError> {
        let ending = dump_ending.to_owned();
        self.on_a_thread(move |inner| {
            let keys = inner.keyring.to_seal()?;
            let Some(payload) = names::payload(id, &ending, inner.keyring.scheme()) else {
                let reason = format!("{ending:?} is no file ending");
                return Err(ArchiveError::file(ending.as_ref(), io::Error::new(io::ErrorKind::InvalidInput, reason)));
            };
            let measures = inner.stream(id, &payload, dump, progress)?;
            Ok(measures.of_payload(payload, inner.keyring.encryption(&keys)))
        })
        .await
    }

    /// Writes the export of a snapshot, beside its payload and like it. May run at the same time as [`Archive::create`]; the
    /// manifest that is published tells of both.
    ///
    /// # Errors
    /// As [`Archive::create`].
    pub async fn create_export(
        &self,
        id: SnapshotId,
        rows: Receiver<Bytes>,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Export, ArchiveError> {
        self.on_a_thread(move |inner| {
            let file = names::export(id, inner.keyring.scheme());
            let measures = inner.stream(id, &file, rows, progress)?;
            Ok(measures.of_export(file))
        })
        .await
    }

    /// Writes the manifest, whose files must lie there with the sizes it says. From now on there is a snapshot.
    ///
    /// # Errors
    /// [`ArchiveError::Exists`], [`ArchiveError::Damaged`] when the payload is not the manifest's, [`ArchiveError::File`].
    pub async fn publish(&self, manifest: &Manifest) -> Result<(), ArchiveError> {
        let manifest = manifest.clone();
        self.on_a_thread(move |inner| inner.publish(&manifest)).await
    }

    /// Every snapshot, with its marks. A place that is not there has none; payloads without a manifest and files on their way
    /// are no snapshots; files of other names are not ours.
    ///
    /// # Errors
    /// When the place cannot be read, or is a link.
    pub async fn list(&self) -> Result<Listing, ArchiveError> {
        self.on_a_thread(|inner| listing::list(&*inner.store, &inner.keyring)).await
    }

    /// The manifest of one snapshot.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`]; [`ArchiveError::Damaged`], [`ArchiveError::WrongKey`], [`ArchiveError::KeyMissing`] when it is
    /// not what was written with a key of ours; [`ArchiveError::Unreadable`].
    pub async fn find(&self, id: SnapshotId) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |inner| inner.find(id)).await
    }

    /// What a manifest says whose bytes are at hand, if it is that of `id` and was made with a key of ours.
    ///
    /// # Errors
    /// As [`Archive::find`].
    pub fn read_manifest(&self, id: SnapshotId, bytes: &[u8]) -> Result<Manifest, ArchiveError> {
        let keyring = &self.inner.keyring;
        document::manifest(id, bytes, keyring.to_open()?.as_deref(), &keyring.own_place())
    }

    /// Reads every byte of the payload (and of the export) and of what is in it, and compares sizes and hashes with the manifest.
    /// `progress` is told the bytes of each file so far.
    ///
    /// # Errors
    /// As [`Archive::find`]; [`ArchiveError::Damaged`] says what differs.
    pub async fn verify(
        &self,
        id: SnapshotId,
        mut progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Manifest, ArchiveError> {
        self.each_file(id, move |store, keys, parcel| read::verify(store, keys, parcel, &mut progress)).await
    }

    /// Reads every byte of the payload (and of the export) as it lies there, and compares sizes and hashes with the manifest; tries the
    /// key. What is in it is proved by whoever reads it: [`Archive::open`].
    ///
    /// # Errors
    /// As [`Archive::verify`].
    pub async fn prove(&self, id: SnapshotId) -> Result<Manifest, ArchiveError> {
        self.each_file(id, read::prove_stored).await
    }

    async fn each_file(
        &self,
        id: SnapshotId,
        mut look: impl FnMut(&dyn Store, &Keys, &Parcel<'_>) -> Result<(), ArchiveError> + Send + 'static,
    ) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |inner| {
            let (manifest, keys) = (inner.find(id)?, inner.keys(id)?);
            look(&*inner.store, &keys, &Parcel::payload(&manifest)?)?;
            if let Some(export) = &manifest.export {
                look(&*inner.store, &keys, &Parcel::export(&manifest, export)?)?;
            }
            Ok(manifest)
        })
        .await
    }

    /// Sends the dump into `sink`, piece by piece, after the SHA-256 of the whole payload was compared: of a damaged one not
    /// a byte is sent. `progress` is told the bytes of the dump so far. A failure is sent as well as given back, for the end of
    /// the channel means a whole dump.
    ///
    /// # Errors
    /// As [`Archive::verify`]; [`ArchiveError::File`] when nobody receives any more.
    pub async fn open(
        &self,
        id: SnapshotId,
        sink: Sink,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |inner| inner.send(id, &sink, progress, |manifest| Parcel::payload(manifest))).await
    }

    /// Sends the lines of the export; otherwise like [`Archive::open`].
    ///
    /// # Errors
    /// As [`Archive::open`]; [`ArchiveError::NoExport`].
    pub async fn open_export(
        &self,
        id: SnapshotId,
        sink: Sink,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Manifest, ArchiveError> {
        self.on_a_thread(move |inner| inner.send(id, &sink, progress, |manifest| Parcel::export_of(manifest))).await
    }

    /// What was learned of a snapshot since it was made; nothing, when nobody said anything.
    ///
    /// # Errors
    /// [`ArchiveError::Marks`] when it is not what was written.
    pub async fn marks(&self, id: SnapshotId) -> Result<Marks, ArchiveError> {
        self.on_a_thread(move |inner| inner.marks(id)).await
    }

    /// Says that a run above this snapshot validated.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`]; when it cannot be written. Marks that are damaged are begun anew.
    pub async fn mark_good(&self, id: SnapshotId, run: &str, at: DateTime<Utc>) -> Result<(), ArchiveError> {
        let good = GoodMark { run: run.to_owned(), at };
        self.on_a_thread(move |inner| inner.mark(id, |marks| marks.good = Some(good))).await
    }

    /// Says what a look at this snapshot brought.
    ///
    /// # Errors
    /// As [`Archive::mark_good`].
    pub async fn mark_verified(&self, id: SnapshotId, verified: VerifiedMark) -> Result<(), ArchiveError> {
        self.on_a_thread(move |inner| inner.mark(id, |marks| marks.verified = Some(verified))).await
    }

    /// Removes a snapshot, its manifest first; or what there is of one that was never published.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] when there is no file of this id.
    pub async fn remove(&self, id: SnapshotId) -> Result<(), ArchiveError> {
        self.on_a_thread(move |inner| listing::remove(&*inner.store, id)).await
    }

    /// Removes what crashed processes left: files on their way, uploads, files without a manifest, and private folders. Gives their names. Only for
    /// whoever holds the target's lock, for a snapshot that is just being written looks the same.
    ///
    /// # Errors
    /// When the place cannot be read or written.
    pub async fn sweep(&self) -> Result<Vec<String>, ArchiveError> {
        self.on_a_thread(|inner| {
            let mut swept = listing::sweep(&*inner.store)?;
            swept.extend(scratch::sweep(&inner.scratch)?);
            swept.sort();
            Ok(swept)
        })
        .await
    }

    /// Removes the private folders that crashed processes left; those of processes that live are held by them. Gives their
    /// names.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub async fn sweep_scratch(&self) -> Result<Vec<String>, ArchiveError> {
        self.on_a_thread(|inner| scratch::sweep(&inner.scratch)).await
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let inner = Arc::clone(&self.inner);
        let outcome = task::spawn_blocking(move || work(&inner)).await;
        outcome.unwrap_or_else(|error| Err(ArchiveError::file(&self.inner.scratch, io::Error::other(error))))
    }
}

impl Inner {
    /// A stream under a name that nobody has.
    fn stream(
        &self,
        id: SnapshotId,
        name: &str,
        source: Receiver<Bytes>,
        progress: impl FnMut(u64) + Send,
    ) -> Result<write::Measures, ArchiveError> {
        let keys = self.keyring.to_seal()?;
        for taken in [name, &names::part(name), &names::manifest(id)] {
            // What is on its way under this id is another writer's, or left over: either way not ours to write over.
            if self.store.size(taken)?.is_some() {
                return Err(ArchiveError::Exists(id));
            }
        }
        write::stream(&*self.store, (&self.keyring, &keys), self.compression, name, source, progress)
    }

    fn publish(&self, manifest: &Manifest) -> Result<(), ArchiveError> {
        let (id, name) = (manifest.id, names::manifest(manifest.id));
        if self.store.size(&name)?.is_some() {
            return Err(ArchiveError::Exists(id));
        }
        let export = manifest.export.as_ref().map(|export| Parcel::export(manifest, export)).transpose()?;
        for parcel in [Some(Parcel::payload(manifest)?), export].into_iter().flatten() {
            parcel.must_have(self.store.size(parcel.name())?)?;
        }
        let keys = self.keyring.to_seal()?;
        let Some(key) = keys.named(&manifest.encryption.key_id) else {
            return Err(ArchiveError::WrongKey {
                id: id.to_string(),
                made_with: manifest.encryption.key_id.clone(),
                ours: keys.names(),
            });
        };
        failpoint!("snap.publish", |fault: crate::failpoint::Fault| ArchiveError::file(name.as_ref(), fault.into()));
        let is_ours = self.store.create(&name, &document::of_manifest(manifest, key))?;
        is_ours.then_some(()).ok_or(ArchiveError::Exists(id))
    }

    fn find(&self, id: SnapshotId) -> Result<Manifest, ArchiveError> {
        listing::find(&*self.store, &self.keyring, id)
    }

    /// The keys, of which one opened the manifest of `id`.
    fn keys(&self, id: SnapshotId) -> Result<Arc<Keys>, ArchiveError> {
        self.keyring.to_open()?.ok_or(ArchiveError::Missing(id))
    }

    fn send(
        &self,
        id: SnapshotId,
        sink: &Sink,
        mut progress: impl FnMut(u64),
        parcel: impl for<'a> FnOnce(&'a Manifest) -> Result<Parcel<'a>, ArchiveError>,
    ) -> Result<Manifest, ArchiveError> {
        let outcome = self.find(id).and_then(|manifest| {
            read::send(&*self.store, &*self.keys(id)?, &parcel(&manifest)?, sink, &mut progress)?;
            Ok(manifest)
        });
        if let Err(error) = &outcome {
            let _ = sink.blocking_send(Err(io::Error::other(error.to_string())));
        }
        outcome
    }

    fn marks(&self, id: SnapshotId) -> Result<Marks, ArchiveError> {
        listing::marks(&*self.store, &self.keyring, id)
    }

    fn mark(&self, id: SnapshotId, change: impl FnOnce(&mut Marks)) -> Result<(), ArchiveError> {
        let _one_after_the_other = self.marking.lock().unwrap_or_else(PoisonError::into_inner);
        let key_id = self.find(id)?.encryption.key_id;
        let mut marks = match self.marks(id) {
            Err(ArchiveError::Marks { .. }) => Marks::default(),
            other => other?,
        };
        change(&mut marks);
        let keys = self.keys(id)?;
        let key = keys.named(&key_id).unwrap_or(keys.first());
        let name = names::marks(id);
        failpoint!("snap.mark", |fault: crate::failpoint::Fault| ArchiveError::file(name.as_ref(), fault.into()));
        self.store.replace(&name, &document::of_marks(id, &marks, key))?;
        failpoint!("snap.marked");
        Ok(())
    }
}
