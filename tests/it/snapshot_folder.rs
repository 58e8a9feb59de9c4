//! The folder of snapshots: a snapshot is there whole, or it is not there.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc;
use windlass::{
    model::snapshot::{Manifest, SnapshotId},
    snapshot::{ArchiveError, Folder, Written},
};

/// A folder that is not there yet.
struct Place {
    folder: Folder,
    outside: TempDir,
}

impl Place {
    fn fresh() -> Self {
        let outside = tempfile::tempdir().expect("a temporary folder");
        Self { folder: Folder::at(outside.path().join("snapshots")), outside }
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    async fn write(&self, id: SnapshotId, dump: &[u8]) -> Result<Written, ArchiveError> {
        let (sink, source) = mpsc::channel(2);
        let pieces: Vec<_> = dump.chunks(1_000).map(Bytes::copy_from_slice).collect();
        let send = async move {
            for piece in pieces {
                if sink.send(piece).await.is_err() {
                    break;
                }
            }
        };
        tokio::join!(self.folder.create(id, "db", source, |_| ()), send).0
    }

    async fn publish(&self, dump: &[u8]) -> Manifest {
        let id = SnapshotId::fresh();
        let written = self.write(id, dump).await.expect("a payload");
        let manifest = manifest(id, written);
        self.folder.publish(&manifest).await.expect("a snapshot");
        manifest
    }

    async fn read(&self, id: SnapshotId) -> (Vec<u8>, Option<String>, Result<Manifest, ArchiveError>) {
        let (sink, mut source) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
        let receive = async {
            let (mut bytes, mut failure) = (Vec::new(), None);
            while let Some(piece) = source.recv().await {
                match piece {
                    Ok(piece) => bytes.extend_from_slice(&piece),
                    Err(error) => failure = Some(error.to_string()),
                }
            }
            (bytes, failure)
        };
        let (outcome, (bytes, failure)) = tokio::join!(self.folder.open(id, sink, |_| ()), receive);
        (bytes, failure, outcome)
    }

    /// What is damaged is refused by both ways of reading, and not a byte of it goes out.
    async fn damage_must_be_found(&self, id: SnapshotId, case: &str) {
        let error = self.folder.verify(id, |_| ()).await.expect_err(case);
        assert!(matches!(error, ArchiveError::Damaged { .. }), "{case}: {error}");
        let (bytes, failure, outcome) = self.read(id).await;
        assert!(bytes.is_empty() && failure.is_some() && outcome.is_err(), "{case}: {} bytes went out", bytes.len());
    }
}

fn manifest(id: SnapshotId, written: Written) -> Manifest {
    Manifest {
        id,
        format: 1,
        created_at: chrono::DateTime::from_timestamp_millis(i64::try_from(id.0.timestamp_ms()).expect("a time"))
            .expect("a time"),
        created_by: "ada".to_owned(),
        message: Some("before the refit".to_owned()),
        tags: vec!["refit".to_owned()],
        notes: None,
        target: "main".to_owned(),
        engine: "SQLite".to_owned(),
        server_version: "3.51.3".to_owned(),
        tool: "SQLite 3.51.3 online backup".to_owned(),
        backend_version: semver::Version::new(1, 0, 0),
        db_version: None,
        history: Vec::new(),
        schema_fingerprint: String::new(),
        tables: BTreeMap::new(),
        payload: written.payload,
        payload_bytes: written.payload_bytes,
        payload_sha256: written.payload_sha256,
        dump_sha256: written.dump_sha256,
        dump_bytes: written.dump_bytes,
        open_by_hand: String::new(),
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

/// Goal: what was written comes out again, is listed, verifies, and can be opened with zstd alone.
#[tokio::test]
async fn a_snapshot_comes_out_as_it_went_in() {
    let place = Place::fresh();
    assert!(place.folder.list().await.expect("an empty list").manifests.is_empty());
    let content = dump(700_000);

    let first = place.publish(&content).await;
    let second = place.publish(b"").await;

    assert_eq!((first.dump_bytes, second.dump_bytes), (700_000, 0));
    let (bytes, failure, outcome) = place.read(first.id).await;
    assert_eq!((bytes == content, failure), (true, None));
    assert_eq!(outcome.expect("a snapshot"), first);
    assert_eq!(place.folder.verify(second.id, |_| ()).await.expect("a snapshot"), second);
    let listing = place.folder.list().await.expect("a list");
    assert_eq!(listing.manifests.iter().map(|manifest| manifest.id).collect::<Vec<_>>(), newest_first(&first, &second));
    assert!(listing.unreadable.is_empty());
    let payload = fs::read(place.path_of(&first.payload)).expect("the payload");
    assert!(zstd::decode_all(payload.as_slice()).expect("zstd") == content);
}

fn newest_first(first: &Manifest, second: &Manifest) -> Vec<SnapshotId> {
    let mut both = [(first.created_at, first.id), (second.created_at, second.id)];
    both.sort();
    vec![both[1].1, both[0].1]
}

/// Goal: nobody but the owner reads a snapshot.
#[tokio::test]
async fn folder_and_files_are_for_the_owner_alone() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;

    let mode = |path: PathBuf| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(place.folder.path().to_owned()), 0o700);
    assert_eq!(mode(place.path_of(&snapshot.payload)), 0o600);
    assert_eq!(mode(place.path_of(&format!("{}.json", snapshot.id))), 0o600);
    assert_eq!(place.names(), [format!("{}.db.zst", snapshot.id), format!("{}.json", snapshot.id)]);
}

/// Goal: progress is told in bytes of the dump, up to its size.
#[tokio::test]
async fn progress_reaches_the_size_of_the_dump() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(600_000)).await;
    let (seen, told) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (for_open, for_verify) = (Arc::clone(&seen), Arc::clone(&told));
    let (sink, mut source) = mpsc::channel(2);

    let drain = async { while source.recv().await.is_some() {} };
    let open = place.folder.open(snapshot.id, sink, move |bytes| for_open.store(bytes, Ordering::Relaxed));
    tokio::join!(open, drain).0.expect("a snapshot");
    place
        .folder
        .verify(snapshot.id, move |bytes| for_verify.store(bytes, Ordering::Relaxed))
        .await
        .expect("a snapshot");

    assert_eq!(seen.load(Ordering::Relaxed), snapshot.dump_bytes);
    assert_eq!(told.load(Ordering::Relaxed), snapshot.payload_bytes);
}

/// Goal: a payload in which any byte differs, or any end is missing, is no snapshot any more.
#[tokio::test]
async fn every_flipped_byte_and_every_truncation_is_found() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(400)).await;
    let path = place.path_of(&snapshot.payload);
    let whole = fs::read(&path).expect("the payload");
    assert!((200..600).contains(&whole.len()), "{}", whole.len());

    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, &flipped).expect("a flipped byte");
        place.damage_must_be_found(snapshot.id, &format!("byte {at}")).await;
        fs::write(&path, &whole[..at]).expect("a truncated file");
        place.damage_must_be_found(snapshot.id, &format!("{at} bytes")).await;
    }
    fs::write(&path, [whole.as_slice(), b"more"].concat()).expect("a longer file");
    place.damage_must_be_found(snapshot.id, "a longer file").await;
    fs::write(&path, &whole).expect("the payload again");
    place.folder.verify(snapshot.id, |_| ()).await.expect("it is whole again");
}

/// Goal: a payload that was put in the place of another is found, and so is a missing one.
#[tokio::test]
async fn a_payload_of_another_snapshot_and_a_missing_one_are_found() {
    let place = Place::fresh();
    let (first, second) = (place.publish(&dump(500)).await, place.publish(&dump(501)).await);

    fs::copy(place.path_of(&second.payload), place.path_of(&first.payload)).expect("a swap");
    place.damage_must_be_found(first.id, "a swapped payload").await;
    fs::remove_file(place.path_of(&first.payload)).expect("gone");
    place.damage_must_be_found(first.id, "a missing payload").await;

    let mut elsewhere = second.clone();
    elsewhere.payload = format!("../{}", second.payload);
    let text = serde_json::to_vec(&elsewhere).expect("a manifest");
    fs::write(place.path_of(&format!("{}.json", second.id)), text).expect("a forged manifest");
    place.damage_must_be_found(second.id, "a payload outside").await;
}

/// Goal: without a manifest there is no snapshot, whatever else lies there; a sweep takes it away and nothing else.
#[tokio::test]
async fn what_a_crash_left_is_no_snapshot_and_is_swept() {
    let place = Place::fresh();
    let kept = place.publish(&dump(300)).await;
    let orphan = SnapshotId::fresh();
    let written = place.write(orphan, &dump(10)).await.expect("a payload");
    let half = format!("{}.db.zst.part", SnapshotId::fresh());
    let half_manifest = format!("{}.json.part", SnapshotId::fresh());
    for name in [&half, &half_manifest, "notes.txt", "x.db.zst"] {
        fs::write(place.path_of(name), "half").expect("a file");
    }

    let listed = place.folder.list().await.expect("a list").manifests;
    assert_eq!(listed, std::slice::from_ref(&kept));
    assert!(matches!(place.folder.find(orphan).await, Err(ArchiveError::Missing(id)) if id == orphan));
    let swept = place.folder.sweep().await.expect("a sweep");

    let mut expected = vec![written.payload, half, half_manifest];
    expected.sort();
    assert_eq!(swept, expected);
    assert_eq!(place.names().len(), 4, "the snapshot's two files and two that are not ours");
    place.folder.verify(kept.id, |_| ()).await.expect("the snapshot");
    assert!(place.folder.sweep().await.expect("nothing to do").is_empty());
}

/// Goal: a manifest that cannot be read is told, for somebody counts on that snapshot.
#[tokio::test]
async fn an_unreadable_manifest_is_told() {
    let place = Place::fresh();
    let (good, bad) = (place.publish(&dump(10)).await, place.publish(&dump(10)).await);
    fs::write(place.path_of(&format!("{}.json", bad.id)), "{\"id\":").expect("half a manifest");

    let listing = place.folder.list().await.expect("a list");

    assert_eq!(listing.manifests, [good]);
    assert_eq!(listing.unreadable.len(), 1);
    assert!(listing.unreadable[0].to_string().contains(&bad.id.to_string()), "{}", listing.unreadable[0]);
    assert!(matches!(place.folder.find(bad.id).await, Err(ArchiveError::Unreadable { .. })));
}

/// Goal: a snapshot is never written over, and a manifest never tells of a payload that is not there.
#[tokio::test]
async fn nothing_is_written_over() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;

    assert!(matches!(place.write(snapshot.id, b"other").await, Err(ArchiveError::Exists(_))));
    assert!(matches!(place.folder.publish(&snapshot).await, Err(ArchiveError::Exists(_))));
    place.folder.verify(snapshot.id, |_| ()).await.expect("it is as it was");
    let id = SnapshotId::fresh();
    let mut wrong = manifest(id, place.write(id, &dump(20)).await.expect("a payload"));
    wrong.payload_bytes += 1;
    assert!(matches!(place.folder.publish(&wrong).await, Err(ArchiveError::Damaged { .. })));
    assert!(matches!(place.folder.find(id).await, Err(ArchiveError::Missing(_))));
}

/// Goal: removing leaves nothing, also of a snapshot that was never published.
#[tokio::test]
async fn a_removed_snapshot_leaves_nothing() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;
    let unpublished = SnapshotId::fresh();
    place.write(unpublished, &dump(10)).await.expect("a payload");

    place.folder.remove(snapshot.id).await.expect("gone");
    place.folder.remove(unpublished).await.expect("gone");

    assert!(place.names().is_empty());
    assert!(matches!(place.folder.remove(snapshot.id).await, Err(ArchiveError::Missing(_))));
}

/// Goal: links do not lead reads or writes out of the folder.
#[tokio::test]
async fn links_are_refused() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(100)).await;
    let away = place.outside.path().join("away");
    fs::rename(place.path_of(&snapshot.payload), &away).expect("moved");
    symlink(&away, place.path_of(&snapshot.payload)).expect("a link");
    assert!(matches!(place.folder.verify(snapshot.id, |_| ()).await, Err(ArchiveError::Link { .. })));

    let link = place.outside.path().join("link");
    symlink(place.folder.path(), &link).expect("a link");
    let through = Place { folder: Folder::at(link), outside: tempfile::tempdir().expect("a folder") };
    assert!(matches!(through.folder.list().await, Err(ArchiveError::Link { .. })));
    assert!(matches!(through.write(SnapshotId::fresh(), b"x").await, Err(ArchiveError::Link { .. })));
}

/// Goal: only a plain ending becomes part of a file name.
#[tokio::test]
async fn an_ending_is_no_path() {
    let place = Place::fresh();
    for ending in ["", "../x", "a.b", "a/b", "seventeen-letters", "db\0"] {
        let (_, source) = mpsc::channel(1);
        let refused = place.folder.create(SnapshotId::fresh(), ending, source, |_| ()).await;
        assert!(matches!(refused, Err(ArchiveError::File { .. })), "{ending:?}");
    }
    assert!(place.names().is_empty());
}
