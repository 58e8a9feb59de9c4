//! Snapshots in a bucket of a real server that speaks S3.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use tokio::sync::mpsc;
use windlass::{
    config::S3,
    model::snapshot::{Listed, Manifest, Marks, SnapshotId},
    snapshot::ArchiveError,
};

use super::{Opened, Place, dump, manifest};
use crate::harness::sample;

/// Longer than one part of an upload.
const SEVERAL_PARTS: usize = 30_000_000;

/// An archive in a prefix of its own, and the server's folder in which its objects are files.
struct Bay {
    place: Place,
    objects: PathBuf,
}

pub(super) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run ./test, which starts the servers"))
}

/// The server as `snapshots.s3` names it.
pub(super) fn server() -> S3 {
    S3 {
        endpoint: Some(variable("WINDLASS_TEST_S3_URL")),
        region: Some("us-east-1".to_owned()),
        access_key_id: Some(variable("WINDLASS_TEST_S3_KEY")),
        secret_access_key: Some(variable("WINDLASS_TEST_S3_SECRET").into()),
        allow_http: true,
    }
}

impl Bay {
    fn fresh() -> Self {
        let prefix = format!("tests/{}", SnapshotId::fresh());
        let place = Place::with(|settings| {
            settings.url = Some(format!("s3://windlass/{prefix}"));
            settings.s3 = server();
        });
        let objects = PathBuf::from(variable("WINDLASS_TEST_S3_DIR")).join("windlass").join(prefix);
        Self { place, objects }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.objects).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    /// What is noted of uploads that are under way.
    fn notes(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.place.settings.path).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().into_string().expect("a name")).collect()
    }
}

/// Goal: what was written in several parts comes out again, is listed with its marks, verifies, and nothing is left when removed.
#[tokio::test]
async fn a_snapshot_in_a_bucket_comes_out_as_it_went_in() {
    let bay = Bay::fresh();
    let archive = &bay.place.archive;
    assert!(archive.list().await.expect("an empty list").snapshots.is_empty());
    let content = dump(SEVERAL_PARTS);

    let snapshot = bay.place.publish(&content).await;
    assert!(snapshot.payload_bytes > 8 << 20, "{} bytes are one part", snapshot.payload_bytes);
    archive.mark_good(snapshot.id, "a run", snapshot.created_at).await.expect("a mark");

    assert_eq!(bay.names(), ["db.zst.age", "json", "marks.json"].map(|ending| format!("{}.{ending}", snapshot.id)));
    let Opened { bytes, failure, outcome } = bay.place.read(snapshot.id).await;
    assert!(bytes == content, "{failure:?}");
    assert_eq!(outcome.expect("a snapshot"), snapshot);
    assert_eq!(archive.verify(snapshot.id, |_| ()).await.expect("whole"), snapshot);
    let marks = archive.marks(snapshot.id).await.expect("marks");
    assert_ne!(marks, Marks::default());
    assert_eq!(archive.list().await.expect("a list").snapshots, [Listed { manifest: snapshot.clone(), marks }]);
    assert!(bay.notes().is_empty(), "{:?}", bay.notes());
    archive.remove(snapshot.id).await.expect("gone");
    assert!(bay.names().is_empty());
    assert!(matches!(archive.remove(snapshot.id).await, Err(ArchiveError::Missing(_))));
}

/// Goal: nothing is written over, and a manifest never tells of a payload that is not there.
#[tokio::test]
async fn nothing_in_a_bucket_is_written_over() {
    let bay = Bay::fresh();
    let place = &bay.place;
    let snapshot = place.publish(&dump(1_000)).await;

    assert!(matches!(place.write(snapshot.id, b"other").await, Err(ArchiveError::Exists(_))));
    assert!(matches!(place.archive.publish(&snapshot).await, Err(ArchiveError::Exists(_))));
    place.archive.verify(snapshot.id, |_| ()).await.expect("it is as it was");
    let blank = sample::manifest();
    let id = blank.id;
    let mut wrong = manifest(blank, place.write(id, &dump(20)).await.expect("a payload"));
    wrong.payload_bytes += 1;
    assert!(matches!(place.archive.publish(&wrong).await, Err(ArchiveError::Damaged { .. })));
    assert!(matches!(place.archive.find(id).await, Err(ArchiveError::Missing(_))));
}

/// Goal: whatever changed in the bucket is found before a byte goes out, and a wrong key is told apart from it.
#[tokio::test]
async fn what_changed_in_a_bucket_is_found() {
    let bay = Bay::fresh();
    let place = &bay.place;
    let (snapshot, other) = (place.publish(&dump(100_000)).await, place.publish(&dump(100_000)).await);
    for name in [&snapshot.payload, &format!("{}.json", snapshot.id)] {
        let path = bay.objects.join(name);
        let whole = fs::read(&path).expect("an object");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for changed in [&flipped[..], &whole[..whole.len() - 1], &[]] {
            fs::write(&path, changed).expect("another object");
            place.damage_must_be_found(snapshot.id, name).await;
        }
        fs::write(&path, whole).expect("as it was");
    }
    place.archive.verify(snapshot.id, |_| ()).await.expect("whole again");
    fs::copy(bay.objects.join(&other.payload), bay.objects.join(&snapshot.payload)).expect("a swap");
    place.damage_must_be_found(snapshot.id, "a swapped payload").await;
    fs::remove_file(bay.objects.join(&snapshot.payload)).expect("gone");
    place.damage_must_be_found(snapshot.id, "a missing payload").await;
    let stranger = place.seen_with(|settings| settings.passphrase = Some("another key".to_owned().into()));
    assert!(matches!(stranger.archive.find(other.id).await, Err(ArchiveError::WrongKey { .. })));
}

/// Goal: an object that is exchanged between proof and sending is not sent.
/// Method: take nothing while the first pieces fill the channel, and exchange the payload meanwhile.
#[tokio::test]
async fn an_object_that_is_exchanged_while_it_is_read_is_found() {
    let bay = Bay::fresh();
    let content = dump(SEVERAL_PARTS);
    let (snapshot, other) = (bay.place.publish(&content).await, bay.place.publish(&dump(SEVERAL_PARTS - 3)).await);
    let (sink, mut source) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let reading = tokio::spawn({
        let archive = bay.place.archive.clone();
        async move { archive.open(snapshot.id, sink, |_| ()).await }
    });
    let first = source.recv().await.expect("a piece").expect("proved");
    fs::copy(bay.objects.join(&other.payload), bay.objects.join(&snapshot.payload)).expect("a swap");

    let (mut bytes, mut failure) = (first.to_vec(), None);
    while let Some(piece) = source.recv().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => failure = Some(error.to_string()),
        }
    }

    let error = reading.await.expect("no panic").expect_err("it was exchanged");
    assert!(failure.is_some() && content.starts_with(&bytes) && bytes.len() < content.len(), "{error}");
}

/// Goal: what was cut off is no snapshot and no object; a sweep ends the upload and takes away what has no manifest.
/// Method: give up in the middle of a second part, as a killed process would, by forgetting the upload; then sweep.
#[tokio::test]
async fn what_was_cut_off_in_a_bucket_is_swept() {
    let bay = Bay::fresh();
    let kept = bay.place.publish(&dump(1_000)).await;
    let orphan = SnapshotId::fresh();
    let written = bay.place.write(orphan, &dump(1_000)).await.expect("a payload");
    // The note of an upload that nobody knows any more, and one that a kill left empty.
    let gone = format!("{}.db.zst.age.upload", SnapshotId::fresh());
    let empty = format!("{}.db.zst.age.upload", SnapshotId::fresh());
    fs::write(bay.place.path_of(&gone), "no-such-upload").expect("a note");
    fs::write(bay.place.path_of(&empty), "").expect("a note");
    fs::write(bay.place.path_of("notes.upload"), "not ours").expect("a file");

    assert!(matches!(bay.place.archive.find(orphan).await, Err(ArchiveError::Missing(_))));
    let swept = bay.place.archive.sweep().await.expect("a sweep");

    let mut expected = vec![written.payload, gone, empty];
    expected.sort();
    assert_eq!(swept, expected);
    assert_eq!(bay.notes(), ["notes.upload"]);
    bay.place.archive.verify(kept.id, |_| ()).await.expect("the snapshot");
    assert!(bay.place.archive.sweep().await.expect("nothing to do").is_empty());
}

/// Goal: a server that refuses or is not there is told with its place, within bounds, and without the key.
#[tokio::test]
async fn a_server_that_refuses_is_told() {
    let bay = Bay::fresh();
    let canary = "canary-secret-access-key-91";
    let stranger = bay.place.seen_with(|settings| settings.s3.secret_access_key = Some(canary.to_owned().into()));
    let refused = stranger.archive.list().await.expect_err("a wrong key").to_string();
    assert!(refused.contains("s3://windlass/tests/") && !refused.contains(canary), "{refused}");
    let refused = stranger.write(SnapshotId::fresh(), b"x").await.expect_err("a wrong key").to_string();
    assert!(!refused.contains(canary), "{refused}");

    let nowhere = bay.place.seen_with(|settings| settings.url = Some("s3://no-such-bucket/x".to_owned()));
    assert!(nowhere.write(SnapshotId::fresh(), b"x").await.is_err());
    let plain = bay.place.seen_with(|settings| settings.s3.allow_http = false);
    assert!(plain.archive.list().await.is_err(), "http is refused unless it is allowed");
}

/// Goal: a folder can be named by its URL too; what is needed in between stays in `snapshots.path`.
#[tokio::test]
async fn a_folder_by_its_url() {
    let place = Place::fresh();
    let elsewhere = place.outside.path().join("elsewhere");
    let place = place.seen_with(|settings| settings.url = Some(format!("file://{}", elsewhere.display())));
    let snapshot: Manifest = place.publish(&dump(10)).await;
    let scratch = place.archive.scratch().await.expect("a folder");
    assert!(scratch.path().starts_with(&place.settings.path));
    assert!(elsewhere.join(&snapshot.payload).is_file() && elsewhere.join(format!("{}.json", snapshot.id)).is_file());
    assert_eq!(place.archive.place(), elsewhere.display().to_string());
    place.archive.verify(snapshot.id, |_| ()).await.expect("whole");
}
