//! Snapshots in a bucket of a real server that speaks S3.

use std::fs;

use bytes::Bytes;
use object_store::{
    ObjectStore, ObjectStoreExt,
    aws::{AmazonS3, AmazonS3Builder},
    multipart::MultipartStore,
    path::Path,
};
use tokio::sync::mpsc;
use windlass::{
    config::{S3, Snapshots},
    model::snapshot::{Listed, Manifest, Marks, SnapshotId},
    snapshot::ArchiveError,
};

use super::{Opened, Place, dump};

/// Longer than one part of an upload.
const SEVERAL_PARTS: usize = 30_000_000;

/// An archive in a prefix of its own, and the bucket as anybody else sees it.
struct Bay {
    place: Place,
    prefix: String,
    s3: AmazonS3,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run ./test, which starts the servers"))
}

/// The server as `snapshots.s3` names it; it takes any key.
pub(super) fn server() -> S3 {
    S3 {
        endpoint: Some(variable("WINDLASS_TEST_S3_URL")),
        region: Some("us-east-1".to_owned()),
        access_key_id: Some("tests".to_owned()),
        secret_access_key: Some("not a secret of anybody's".to_owned().into()),
        allow_http: true,
    }
}

/// The bucket, without windlass in between.
fn client() -> AmazonS3 {
    let builder = AmazonS3Builder::new().with_endpoint(variable("WINDLASS_TEST_S3_URL")).with_allow_http(true);
    let keyed = builder.with_access_key_id("tests").with_secret_access_key("x").with_region("us-east-1");
    keyed.with_bucket_name("windlass").build().expect("a client")
}

impl Bay {
    fn fresh() -> Self {
        let prefix = format!("tests/{}", SnapshotId::fresh());
        let place = Place::with(|settings| {
            settings.url = Some(format!("s3://windlass/{prefix}"));
            settings.s3 = server();
        });
        Self { place, prefix, s3: client() }
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    async fn names(&self) -> Vec<String> {
        let found = self.s3.list_with_delimiter(Some(&Path::from(self.prefix.as_str()))).await.expect("a list");
        let names = found.objects.iter().map(|object| object.location.filename().expect("a name").to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    async fn get(&self, name: &str) -> Bytes {
        self.s3.get(&self.path(name)).await.expect("an object").bytes().await.expect("its bytes")
    }

    async fn put(&self, name: &str, bytes: impl Into<Bytes>) {
        self.s3.put(&self.path(name), bytes.into().into()).await.expect("another object");
    }

    /// What lies in the folder for what is needed in between.
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

    assert_eq!(
        bay.names().await,
        ["db.zst.age", "json", "marks.json"].map(|ending| format!("{}.{ending}", snapshot.id))
    );
    let Opened { bytes, failure, outcome } = bay.place.read(snapshot.id).await;
    assert!(bytes == content, "{failure:?}");
    assert_eq!(outcome.expect("a snapshot"), snapshot);
    assert_eq!(archive.verify(snapshot.id, |_| ()).await.expect("whole"), snapshot);
    let marks = archive.marks(snapshot.id).await.expect("marks");
    assert_ne!(marks, Marks::default());
    assert_eq!(archive.list().await.expect("a list").snapshots, [Listed { manifest: snapshot.clone(), marks }]);
    assert!(bay.notes().is_empty(), "{:?}", bay.notes());
    archive.remove(snapshot.id).await.expect("gone");
    assert!(bay.names().await.is_empty());
    assert!(matches!(archive.remove(snapshot.id).await, Err(ArchiveError::Missing(_))));
}

/// Goal: nothing is written over, and a manifest never tells of a payload that is not there.
#[tokio::test]
async fn nothing_in_a_bucket_is_written_over() {
    Bay::fresh().place.writes_nothing_over().await;
}

/// Goal: whatever changed in the bucket is found before a byte goes out, and a wrong key is told apart from it.
#[tokio::test]
async fn what_changed_in_a_bucket_is_found() {
    let bay = Bay::fresh();
    let place = &bay.place;
    let (snapshot, other) = (place.publish(&dump(100_000)).await, place.publish(&dump(100_000)).await);
    for name in [&snapshot.payload, &format!("{}.json", snapshot.id)] {
        let whole = bay.get(name).await;
        let mut flipped = whole.to_vec();
        flipped[whole.len() / 2] ^= 1;
        for changed in [&flipped[..], &whole[..whole.len() - 1], &[]] {
            bay.put(name, changed.to_vec()).await;
            place.damage_must_be_found(snapshot.id, name).await;
        }
        bay.put(name, whole).await;
    }
    place.archive.verify(snapshot.id, |_| ()).await.expect("whole again");
    bay.put(&snapshot.payload, bay.get(&other.payload).await).await;
    place.damage_must_be_found(snapshot.id, "a swapped payload").await;
    bay.s3.delete(&bay.path(&snapshot.payload)).await.expect("gone");
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
    bay.put(&snapshot.payload, bay.get(&other.payload).await).await;

    let (mut bytes, mut failure) = (first.to_vec(), None);
    while let Some(piece) = source.recv().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => failure = Some(error.to_string()),
        }
    }

    let error = reading.await.expect("no panic").expect_err("it was exchanged");
    assert!(failure.is_some() && content.starts_with(&bytes) && bytes.len() < content.len(), "{error}");
    assert!(error.to_string().contains("exchanged while it was read"), "{error}");
}

/// Goal: what was cut off is no snapshot and no object; a sweep ends the upload and takes away what has no manifest.
/// Method: begin an upload and leave it, with the note that a killed process leaves; then sweep.
#[tokio::test]
async fn what_was_cut_off_in_a_bucket_is_swept() {
    let bay = Bay::fresh();
    let kept = bay.place.publish(&dump(1_000)).await;
    let orphan = SnapshotId::fresh();
    let written = bay.place.write(orphan, &dump(1_000)).await.expect("a payload");
    let [cut, gone, empty] = [(); 3].map(|()| format!("{}.db.zst.age", SnapshotId::fresh()));
    let upload = bay.s3.create_multipart(&bay.path(&cut)).await.expect("an upload");
    let note = |name: &str, of: &str| fs::write(bay.place.path_of(&format!("{name}.upload")), of).expect("a note");
    note(&cut, &upload);
    note(&gone, "an upload that nobody knows any more");
    note(&empty, "");
    note("not-ours", &upload);

    assert!(matches!(bay.place.archive.find(orphan).await, Err(ArchiveError::Missing(_))));
    let swept = bay.place.archive.sweep().await.expect("a sweep");

    let mut expected = vec![written.payload];
    expected.extend([&cut, &gone, &empty].map(|name| format!("{name}.upload")));
    expected.sort();
    assert_eq!(swept, expected);
    assert_eq!(bay.notes(), ["not-ours.upload"]);
    let part = bay.s3.put_part(&bay.path(&cut), &upload, 0, b"more".to_vec().into()).await;
    assert!(part.is_err(), "the upload is still there");
    assert_eq!(bay.names().await.len(), 2, "the snapshot");
    bay.place.archive.verify(kept.id, |_| ()).await.expect("the snapshot");
    assert!(bay.place.archive.sweep().await.expect("nothing to do").is_empty());
}

/// Goal: a write that fails leaves neither an object nor an upload.
/// Method: the bucket takes the first part, and a second one never: the server is told to stop it in between.
#[tokio::test]
async fn a_write_that_fails_leaves_nothing_in_a_bucket() {
    let bay = Bay::fresh();
    let (id, content) = (SnapshotId::fresh(), dump(SEVERAL_PARTS));
    let (sink, source) = mpsc::channel(2);
    let writing = tokio::spawn({
        let archive = bay.place.archive.clone();
        async move { archive.create(id, "db", source, |_| ()).await }
    });
    let (first, rest) = content.split_at(SEVERAL_PARTS / 4);
    for piece in first.chunks(10_000) {
        sink.send(Bytes::copy_from_slice(piece)).await.expect("it is taken");
    }
    let note = bay.place.path_of(&format!("{id}.db.zst.age.upload"));
    let upload = fs::read_to_string(note).expect("an upload is noted");
    bay.s3.abort_multipart(&bay.path(&format!("{id}.db.zst.age")), &upload).await.expect("it is ended");
    super::send(rest, sink).await;

    let error = writing.await.expect("no panic").expect_err("there is no upload any more");

    assert!(error.to_string().contains("s3://windlass/tests/"), "{error}");
    assert!(bay.names().await.is_empty() && bay.notes().is_empty(), "{:?}", bay.notes());
}

/// Goal: a server that refuses or is not there is told with its place, within bounds, and without the key.
#[tokio::test]
async fn a_server_that_refuses_is_told() {
    let canary = "canary-secret-access-key-91";
    let bay = Bay::fresh();
    let seen = |change: fn(&mut Snapshots)| {
        bay.place.seen_with(|settings| {
            settings.s3.secret_access_key = Some(canary.to_owned().into());
            change(settings);
        })
    };
    let elsewhere = seen(|settings| settings.url = Some("s3://no-such-bucket/x".to_owned()));
    let nobody = seen(|settings| settings.s3.endpoint = Some("http://127.0.0.1:9".to_owned()));
    let plain = seen(|settings| settings.s3.allow_http = false);
    for (case, place) in [("no bucket", elsewhere), ("nobody", nobody), ("http is not allowed", plain)] {
        let error = place.write(SnapshotId::fresh(), b"x").await.expect_err(case);
        let (told, shown) = (error.to_string(), format!("{error:?} {:?}", place.archive));
        assert!(told.contains("s3://"), "{case}: {told}");
        assert!(!told.contains(canary) && !shown.contains(canary), "{case}: {told} {shown}");
    }
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
