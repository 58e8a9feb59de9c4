//! What is learned of a snapshot after it was made.

use std::fs;

use chrono::DateTime;
use windlass::{
    model::snapshot::{GoodMark, Marks, VerifiedMark},
    snapshot::{ArchiveError, Unusable},
};

use super::{Place, dump};

fn verified(result: &str) -> VerifiedMark {
    let at = DateTime::from_timestamp(1_767_225_600, 0).expect("a time");
    VerifiedMark { at, deep: true, restore_ms: Some(1_234), result: result.to_owned() }
}

/// Goal: marks are kept beside the manifest, which does not change by them; each kind keeps the other.
#[tokio::test]
async fn marks_are_kept_beside_the_manifest() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;
    let before = fs::read(place.manifest_path(snapshot.id)).expect("the manifest");
    assert_eq!(place.archive.marks(snapshot.id).await.expect("none"), Marks::default());

    place.archive.mark_good(snapshot.id, "run 1", snapshot.created_at).await.expect("a mark");
    place.archive.mark_verified(snapshot.id, verified("whole")).await.expect("a mark");
    place.archive.mark_good(snapshot.id, "run 2", snapshot.created_at).await.expect("a mark");

    let good = GoodMark { run: "run 2".to_owned(), at: snapshot.created_at };
    let expected = Marks { good: Some(good), verified: Some(verified("whole")) };
    assert_eq!(place.archive.marks(snapshot.id).await.expect("marks"), expected);
    let listing = place.archive.list().await.expect("a list");
    assert_eq!(listing.snapshots[0].marks, expected);
    assert!(listing.unusable.is_empty());
    assert_eq!(fs::read(place.manifest_path(snapshot.id)).expect("the manifest"), before);
    assert!(place.archive.sweep().await.expect("nothing to do").is_empty());
}

/// Goal: damaged marks, and those of another snapshot, are told in the listing and never a failure; a new mark begins anew.
#[tokio::test]
async fn damaged_marks_are_told_and_do_no_harm() {
    let place = Place::fresh();
    let (one, other) = (place.publish(&dump(10)).await, place.publish(&dump(10)).await);
    let path = |id| place.path_of(&format!("{id}.marks.json"));
    for snapshot in [&one, &other] {
        place.archive.mark_good(snapshot.id, "a run", snapshot.created_at).await.expect("a mark");
    }
    let whole = fs::read(path(one.id)).expect("marks");
    let foreign = fs::read(path(other.id)).expect("marks");
    let mut cases = vec![foreign, fs::read(place.manifest_path(one.id)).expect("a manifest")];
    cases.extend((0..whole.len()).map(|at| whole[..at].to_vec()));
    cases.extend((0..whole.len() * 8).map(|bit| {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    }));

    for case in &cases {
        fs::write(path(one.id), case).expect("other marks");
        let refused = place.archive.marks(one.id).await;
        assert!(matches!(refused, Err(ArchiveError::Marks { .. })), "{}", String::from_utf8_lossy(case));
    }

    let listing = place.archive.list().await.expect("a list");
    assert_eq!(listing.snapshots.len(), 2);
    assert!(listing.snapshots.iter().any(|listed| listed.manifest == one && listed.marks == Marks::default()));
    assert!(matches!(listing.unusable[..], [Unusable { id, error: ArchiveError::Marks { .. } }] if id == one.id));
    place.archive.verify(one.id, |_| ()).await.expect("the snapshot is as good as it was");
    place.archive.mark_verified(one.id, verified("whole")).await.expect("a mark");
    assert_eq!(place.archive.marks(one.id).await.expect("marks").verified, Some(verified("whole")));
}

/// Goal: there are no marks without a snapshot.
#[tokio::test]
async fn what_is_not_there_is_not_marked() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(10)).await;
    place.archive.mark_good(snapshot.id, "a run", snapshot.created_at).await.expect("a mark");

    place.archive.remove(snapshot.id).await.expect("gone");

    assert!(place.names().is_empty());
    let marked = place.archive.mark_good(snapshot.id, "a run", snapshot.created_at).await;
    assert!(matches!(marked, Err(ArchiveError::Missing(id)) if id == snapshot.id));
}
