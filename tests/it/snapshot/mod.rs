//! Archives: a snapshot is there whole and as it was written, or it is refused.

mod bucket;
mod by_hand;
mod export;
mod folder;
mod keys;
mod marks;
mod memory;
mod tamper;
mod told;

use std::{fs, io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, Receiver, Sender};
use windlass::{
    config::Snapshots,
    model::snapshot::{Manifest, SnapshotId},
    snapshot::{Archive, ArchiveError, Written},
};

use crate::harness::sample;

/// An archive of its own that is not there yet. Its key will lie in `data`, its folder is `data/snapshots`.
struct Place {
    archive: Archive,
    settings: Snapshots,
    outside: Arc<TempDir>,
}

/// What came out of an archive, and how it ended.
struct Opened {
    bytes: Vec<u8>,
    failure: Option<String>,
    outcome: Result<Manifest, ArchiveError>,
}

impl Place {
    fn fresh() -> Self {
        Self::with(|_| ())
    }

    /// As configured otherwise.
    fn with(change: impl FnOnce(&mut Snapshots)) -> Self {
        let outside = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let mut settings = Snapshots { path: outside.path().join("data/snapshots"), ..Snapshots::default() };
        change(&mut settings);
        Self { archive: Archive::at(&settings, &outside.path().join("data")).expect("an archive"), settings, outside }
    }

    /// The same place for somebody with other settings, such as other keys.
    fn seen_with(&self, change: impl FnOnce(&mut Snapshots)) -> Self {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let archive = Archive::at(&settings, &self.outside.path().join("data")).expect("an archive");
        Self { archive, settings, outside: Arc::clone(&self.outside) }
    }

    fn key_path(&self) -> PathBuf {
        self.outside.path().join("data/snapshot.key")
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.settings.path.join(name)
    }

    fn manifest_path(&self, id: SnapshotId) -> PathBuf {
        self.path_of(&format!("{id}.json"))
    }

    /// The names of all files of the folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.settings.path).expect("the folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    async fn write(&self, id: SnapshotId, dump: &[u8]) -> Result<Written, ArchiveError> {
        let (sink, source) = mpsc::channel(2);
        tokio::join!(self.archive.create(id, "db", source, |_| ()), send(dump, sink)).0
    }

    async fn publish(&self, dump: &[u8]) -> Manifest {
        let blank = sample::manifest();
        let written = self.write(blank.id, dump).await.expect("a payload");
        let manifest = manifest(blank, written);
        self.archive.publish(&manifest).await.expect("a snapshot");
        manifest
    }

    async fn read(&self, id: SnapshotId) -> Opened {
        let (sink, source) = mpsc::channel(2);
        let (outcome, (bytes, failure)) = tokio::join!(self.archive.open(id, sink, |_| ()), receive(source));
        Opened { bytes, failure, outcome }
    }

    /// A snapshot that is there stays as it is, and one whose manifest does not fit its payload does not come to be.
    async fn writes_nothing_over(&self) {
        let snapshot = self.publish(&dump(1_000)).await;

        assert!(matches!(self.write(snapshot.id, b"other").await, Err(ArchiveError::Exists(_))));
        assert!(matches!(self.archive.publish(&snapshot).await, Err(ArchiveError::Exists(_))));
        self.archive.verify(snapshot.id, |_| ()).await.expect("it is as it was");
        let blank = sample::manifest();
        let id = blank.id;
        let mut wrong = manifest(blank, self.write(id, &dump(20)).await.expect("a payload"));
        wrong.payload_bytes += 1;
        assert!(matches!(self.archive.publish(&wrong).await, Err(ArchiveError::Damaged { .. })));
        assert!(matches!(self.archive.find(id).await, Err(ArchiveError::Missing(_))));
    }

    /// What is damaged is refused by both ways of reading, and not a byte of it goes out.
    async fn damage_must_be_found(&self, id: SnapshotId, case: &str) {
        let error = self.archive.verify(id, |_| ()).await.expect_err(case);
        assert!(matches!(error, ArchiveError::Damaged { .. }), "{case}: {error}");
        self.nothing_must_come_out(id, case).await;
    }

    async fn nothing_must_come_out(&self, id: SnapshotId, case: &str) {
        let Opened { bytes, failure, outcome } = self.read(id).await;
        assert!(bytes.is_empty() && failure.is_some() && outcome.is_err(), "{case}: {} bytes went out", bytes.len());
    }
}

/// Sends all of it, in pieces.
async fn send(dump: &[u8], sink: Sender<Bytes>) {
    for piece in dump.chunks(10_000) {
        if sink.send(Bytes::copy_from_slice(piece)).await.is_err() {
            break;
        }
    }
}

/// Takes all that comes, and the words of a failure.
async fn receive(mut source: Receiver<Result<Bytes, io::Error>>) -> (Vec<u8>, Option<String>) {
    let (mut bytes, mut failure) = (Vec::new(), None);
    while let Some(piece) = source.recv().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => failure = Some(error.to_string()),
        }
    }
    (bytes, failure)
}

fn manifest(blank: Manifest, written: Written) -> Manifest {
    Manifest {
        message: Some("before the refit".to_owned()),
        tags: vec!["refit".to_owned()],
        open_by_hand: written.encryption.by_hand(&written.payload),
        payload: written.payload,
        payload_bytes: written.payload_bytes,
        payload_sha256: written.payload_sha256,
        compressed_bytes: written.compressed_bytes,
        compressed_sha256: written.compressed_sha256,
        dump_sha256: written.dump_sha256,
        dump_bytes: written.dump_bytes,
        encryption: written.encryption,
        ..blank
    }
}

/// A dump of which some compresses and some does not.
fn dump(bytes: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|at| if at % 3 == 0 { noise() } else { b'w' }).collect()
}
