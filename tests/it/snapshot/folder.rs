//! The folder of snapshots: a snapshot is there whole, or it is not there.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc;
use windlass::{
    model::snapshot::{Listed, Manifest, Marks, SnapshotId},
    snapshot::{ArchiveError, Unusable},
};

use super::{Opened, Place, dump};

/// Goal: what was written comes out again, is listed and verifies.
#[tokio::test]
async fn a_snapshot_comes_out_as_it_went_in() {
    let place = Place::fresh();
    assert!(place.archive.list().await.expect("an empty list").snapshots.is_empty());
    let content = dump(700_000);

    let first = place.publish(&content).await;
    let second = place.publish(b"").await;

    assert_eq!((first.dump_bytes, second.dump_bytes), (700_000, 0));
    let Opened { bytes, failure, outcome } = place.read(first.id).await;
    assert_eq!((bytes == content, failure), (true, None));
    assert_eq!(outcome.expect("a snapshot"), first);
    assert_eq!(place.archive.verify(second.id, |_| ()).await.expect("a snapshot"), second);
    let listing = place.archive.list().await.expect("a list");
    assert_eq!(
        listing.snapshots.iter().map(|listed| listed.manifest.id).collect::<Vec<_>>(),
        newest_first(&first, &second)
    );
    assert!(listing.unusable.is_empty());
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
    assert_eq!(mode(place.settings.path.clone()), 0o700);
    assert_eq!(mode(place.path_of(&snapshot.payload)), 0o600);
    assert_eq!(mode(place.manifest_path(snapshot.id)), 0o600);
    assert_eq!(mode(place.key_path()), 0o600);
    place.archive.mark_good(snapshot.id, "a run", snapshot.created_at).await.expect("marks");
    assert_eq!(mode(place.path_of(&format!("{}.marks.json", snapshot.id))), 0o600);
    assert_eq!(place.names(), ["db.zst.age", "json", "marks.json"].map(|ending| format!("{}.{ending}", snapshot.id)));
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
    let open = place.archive.open(snapshot.id, sink, move |bytes| for_open.store(bytes, Ordering::Relaxed));
    tokio::join!(open, drain).0.expect("a snapshot");
    place
        .archive
        .verify(snapshot.id, move |bytes| for_verify.store(bytes, Ordering::Relaxed))
        .await
        .expect("a snapshot");

    assert_eq!(seen.load(Ordering::Relaxed), snapshot.dump_bytes);
    assert_eq!(told.load(Ordering::Relaxed), snapshot.payload_bytes);
}

/// Goal: without a manifest there is no snapshot, whatever else lies there; a sweep takes it away and nothing else.
#[tokio::test]
async fn what_a_crash_left_is_no_snapshot_and_is_swept() {
    let place = Place::fresh();
    let kept = place.publish(&dump(300)).await;
    let orphan = SnapshotId::fresh();
    let written = place.write(orphan, &dump(10)).await.expect("a payload");
    let (kept_id, other) = (kept.id, SnapshotId::fresh());
    let mut left = vec![
        written.payload,
        format!("{other}.db.zst.age.part"),
        format!("{other}.db.zst"),
        format!("{other}.json.part"),
        format!("{other}.export.jsonl.zst.age"),
        format!("{other}.export.jsonl.zst.age.part"),
        format!("{other}.marks.json"),
        format!("{kept_id}.marks.json.{other}.part"),
        ".scratch-left".to_owned(),
    ];
    fs::create_dir(place.path_of(".scratch-left")).expect("a folder");
    for name in left[1..8].iter().map(String::as_str).chain(["notes.txt", "x.db.zst"]) {
        fs::write(place.path_of(name), "half").expect("a file");
    }

    let listed = place.archive.list().await.expect("a list").snapshots;
    assert_eq!(listed, [Listed { manifest: kept.clone(), marks: Marks::default() }]);
    assert!(matches!(place.archive.find(orphan).await, Err(ArchiveError::Missing(id)) if id == orphan));
    let swept = place.archive.sweep().await.expect("a sweep");

    left.sort();
    assert_eq!(swept, left);
    assert_eq!(place.names().len(), 4, "the snapshot's two files and two that are not ours");
    place.archive.verify(kept.id, |_| ()).await.expect("the snapshot");
    assert!(place.archive.sweep().await.expect("nothing to do").is_empty());
}

/// Goal: a private folder is not swept away under whoever uses it, in this process or another, and is swept when nobody does.
#[tokio::test]
async fn a_folder_in_use_is_not_swept() {
    let place = Place::fresh();
    let scratch = place.archive.scratch().await.expect("a folder");
    let kept = scratch.path().to_owned();
    fs::write(kept.join("half"), "a copy").expect("a file");

    assert!(place.archive.sweep().await.expect("nothing to do").is_empty());
    assert!(kept.join("half").is_file());
    drop(scratch);
    assert!(!kept.exists());
}

/// Goal: a manifest that cannot be read is told, for somebody counts on that snapshot.
#[tokio::test]
async fn an_unreadable_manifest_is_told() {
    let place = Place::fresh();
    let (good, bad) = (place.publish(&dump(10)).await, place.publish(&dump(10)).await);
    fs::write(place.manifest_path(bad.id), "{\"id\":").expect("half a manifest");

    let listing = place.archive.list().await.expect("a list");

    assert_eq!(listing.snapshots.iter().map(|listed| &listed.manifest).collect::<Vec<_>>(), [&good]);
    let finding = listing.unusable.iter().map(Unusable::finding).next().expect("a finding");
    assert_eq!((finding.rule.as_str(), finding.place), ("snapshot-damaged", bad.id.to_string()));
    assert_eq!(listing.unusable.len(), 1);
    assert!(matches!(place.archive.find(bad.id).await, Err(ArchiveError::Damaged { .. })));
}

/// Goal: a snapshot is never written over, and a manifest never tells of a payload that is not there.
#[tokio::test]
async fn nothing_is_written_over() {
    Place::fresh().writes_nothing_over().await;
}

/// Goal: removing leaves nothing, also of a snapshot that was never published.
#[tokio::test]
async fn a_removed_snapshot_leaves_nothing() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;
    let unpublished = SnapshotId::fresh();
    place.write(unpublished, &dump(10)).await.expect("a payload");

    place.archive.remove(snapshot.id).await.expect("gone");
    place.archive.remove(unpublished).await.expect("gone");

    assert!(place.names().is_empty());
    assert!(matches!(place.archive.remove(snapshot.id).await, Err(ArchiveError::Missing(_))));
}

/// Goal: links do not lead reads or writes out of the folder.
#[tokio::test]
async fn links_are_refused() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(100)).await;
    let away = place.outside.path().join("away");
    fs::rename(place.path_of(&snapshot.payload), &away).expect("moved");
    symlink(&away, place.path_of(&snapshot.payload)).expect("a link");
    assert!(matches!(place.archive.verify(snapshot.id, |_| ()).await, Err(ArchiveError::Link { .. })));

    let link = place.outside.path().join("link");
    symlink(&place.settings.path, &link).expect("a link");
    let through = place.seen_with(|settings| settings.path = link);
    assert!(matches!(through.archive.list().await, Err(ArchiveError::Link { .. })));
    assert!(matches!(through.write(SnapshotId::fresh(), b"x").await, Err(ArchiveError::Link { .. })));
}

/// Goal: only a plain ending becomes part of a file name.
#[tokio::test]
async fn an_ending_is_no_path() {
    let place = Place::fresh();
    for ending in ["", "../x", "a.b", "a/b", "seventeen-letters", "db\0"] {
        let (_, source) = mpsc::channel(1);
        let refused = place.archive.create(SnapshotId::fresh(), ending, source, |_| ()).await;
        assert!(matches!(refused, Err(ArchiveError::File { .. })), "{ending:?}");
    }
    assert!(!place.settings.path.exists());
}
