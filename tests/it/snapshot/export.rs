//! The portable export beside the payload.

use std::fs;

use tokio::sync::mpsc;
use windlass::{
    model::snapshot::{Export, Manifest, SnapshotId},
    snapshot::ArchiveError,
};

use super::{Place, dump, manifest, receive, send};
use crate::harness::sample;

const LINES: &[u8] = b"{\"table\":\"cabins\"}\n{\"id\":7}\n";

async fn write(place: &Place, id: SnapshotId) -> Export {
    let (sink, source) = mpsc::channel(2);
    tokio::join!(place.archive.create_export(id, source, |_| ()), send(LINES, sink)).0.expect("an export")
}

/// A snapshot with an export; both are written at the same time.
async fn with_export(place: &Place) -> Manifest {
    let blank = sample::manifest();
    let id = blank.id;
    let content = dump(1_000);
    let (written, export) = tokio::join!(place.write(id, &content), write(place, id));
    let manifest = Manifest { export: Some(export), ..manifest(blank, written.expect("a payload")) };
    place.archive.publish(&manifest).await.expect("a snapshot");
    manifest
}

/// Goal: an export comes out as it went in, is verified with its snapshot, and goes with it.
#[tokio::test]
async fn an_export_comes_out_as_it_went_in() {
    let place = Place::fresh();
    let snapshot = with_export(&place).await;
    let export = snapshot.export.as_ref().expect("an export");
    assert_eq!(export.file, format!("{}.export.jsonl.zst.age", snapshot.id));
    assert_eq!(export.content_bytes, LINES.len() as u64);

    let (sink, source) = mpsc::channel(2);
    let opened = tokio::join!(place.archive.open_export(snapshot.id, sink, |_| ()), receive(source));

    assert_eq!(opened.1, (LINES.to_vec(), None));
    assert_eq!(opened.0.expect("a snapshot"), snapshot);
    place.archive.verify(snapshot.id, |_| ()).await.expect("whole");
    place.archive.remove(snapshot.id).await.expect("gone");
    assert!(place.names().is_empty());
}

/// Goal: a damaged or missing export is found, though the payload is whole.
#[tokio::test]
async fn a_damaged_export_is_found() {
    let place = Place::fresh();
    let snapshot = with_export(&place).await;
    let path = place.path_of(&snapshot.export.as_ref().expect("an export").file);
    let whole = fs::read(&path).expect("the export");
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, &flipped).expect("a flipped bit");
        let (sink, source) = mpsc::channel(2);
        let opened = tokio::join!(place.archive.open_export(snapshot.id, sink, |_| ()), receive(source));
        assert!(matches!(opened.0, Err(ArchiveError::Damaged { .. })), "byte {at}");
        assert!(opened.1.0.is_empty() && opened.1.1.is_some(), "byte {at}");
    }
    let verified = place.archive.verify(snapshot.id, |_| ()).await;
    assert!(matches!(verified, Err(ArchiveError::Damaged { .. })));
    fs::remove_file(&path).expect("gone");
    let verified = place.archive.verify(snapshot.id, |_| ()).await;
    assert!(matches!(verified, Err(ArchiveError::Damaged { .. })));
}

/// Goal: a snapshot without an export says so, and a manifest never tells of one that is not there.
#[tokio::test]
async fn without_an_export_that_is_said() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;
    let (sink, source) = mpsc::channel(2);
    let opened = tokio::join!(place.archive.open_export(snapshot.id, sink, |_| ()), receive(source));
    assert!(matches!(opened.0, Err(ArchiveError::NoExport(id)) if id == snapshot.id));

    let blank = sample::manifest();
    let id = blank.id;
    let export = write(&place, id).await;
    let promised =
        Manifest { export: Some(export), ..manifest(blank, place.write(id, b"x").await.expect("a payload")) };
    fs::remove_file(place.path_of(&promised.export.as_ref().expect("an export").file)).expect("gone");
    assert!(matches!(place.archive.publish(&promised).await, Err(ArchiveError::Damaged { .. })));
}
