//! Whatever is changed is found before a byte goes out.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use windlass::{
    model::snapshot::{Manifest, SnapshotId},
    snapshot::{ArchiveError, prove},
};

use super::{Opened, Place, dump, manifest};
use crate::harness::sample;

/// About how large the payload is whose every bit is flipped.
const PAYLOAD_BYTES: usize = 64 * 1_024;
const THREADS: usize = 2;

/// A snapshot with a payload of about [`PAYLOAD_BYTES`]; the payload and its manifest as they lie there.
async fn of_64_kib(place: &Place) -> (Manifest, Vec<u8>, Vec<u8>) {
    let snapshot = place.publish(&dump(PAYLOAD_BYTES * 9 / 4)).await;
    let payload = fs::read(place.path_of(&snapshot.payload)).expect("the payload");
    let written = fs::read(place.manifest_path(snapshot.id)).expect("the manifest");
    assert!((PAYLOAD_BYTES * 9 / 10..PAYLOAD_BYTES * 11 / 10).contains(&payload.len()), "{} bytes", payload.len());
    (snapshot, payload, written)
}

/// Flips each bit of `whole` by itself, and gives how many of the results `is_refused` refused.
fn refused_flips(whole: &[u8], is_refused: impl Fn(&[u8]) -> bool + Sync) -> usize {
    let refused = AtomicUsize::new(0);
    let share = whole.len().div_ceil(THREADS);
    thread::scope(|scope| {
        for first in (0..whole.len()).step_by(share) {
            let (refused, is_refused) = (&refused, &is_refused);
            scope.spawn(move || {
                let mut flipped = whole.to_vec();
                for at in first..whole.len().min(first + share) {
                    for bit in 0..8 {
                        flipped[at] ^= 1 << bit;
                        refused.fetch_add(usize::from(is_refused(&flipped)), Ordering::Relaxed);
                        flipped[at] ^= 1 << bit;
                    }
                }
            });
        }
    });
    refused.into_inner()
}

/// Goal: every single-bit flip and every truncation of a snapshot's two files is refused.
/// Method: all of them, counted. Each is put before what every way of reading begins with; that all ways do is the next test.
#[tokio::test]
async fn every_flipped_bit_and_every_truncation_is_refused() {
    let place = Place::fresh();
    let (snapshot, payload, written) = of_64_kib(&place).await;
    let id = snapshot.id;
    assert!(prove(&snapshot, payload.as_slice()).is_ok() && place.archive.read_manifest(id, &written).is_ok());
    let is_damaged = |outcome: Result<(), ArchiveError>| matches!(outcome, Err(ArchiveError::Damaged { .. }));
    let payload_refused = |bytes: &[u8]| is_damaged(prove(&snapshot, bytes));
    let manifest_refused = |bytes: &[u8]| is_damaged(place.archive.read_manifest(id, bytes).map(drop));

    let flips = refused_flips(&payload, payload_refused);
    let cuts = (0..payload.len()).filter(|at| payload_refused(&payload[..*at])).count();
    let manifest_flips = refused_flips(&written, manifest_refused);
    let manifest_cuts = (0..written.len()).filter(|at| manifest_refused(&written[..*at])).count();

    assert_eq!((flips, cuts), (payload.len() * 8, payload.len()), "of the payload");
    assert_eq!((manifest_flips, manifest_cuts), (written.len() * 8, written.len()), "of the manifest");
    for longer in [[&payload[..], b"\0"].concat(), [&payload[..], &payload[..]].concat()] {
        assert!(payload_refused(&longer));
    }
    for longer in [[&written[..], b"\n"].concat(), [&written[..], &written[..]].concat()] {
        assert!(manifest_refused(&longer));
    }
    eprintln!("refused: {} flips and {} truncations", flips + manifest_flips, cuts + manifest_cuts);
}

/// Goal: verifying and opening refuse what is changed on the disk, and nothing goes out.
/// Method: flips and truncations all over both files.
#[tokio::test]
async fn what_is_changed_on_the_disk_is_found_by_all_ways_of_reading() {
    let place = Place::fresh();
    let (snapshot, payload, written) = of_64_kib(&place).await;
    let id = snapshot.id;
    let files = [(place.path_of(&snapshot.payload), payload), (place.manifest_path(id), written)];
    for (path, whole) in &files {
        for at in (0..whole.len()).step_by(whole.len() / 50) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(path, &flipped).expect("a flipped bit");
            place.damage_must_be_found(id, &format!("{}, byte {at}", path.display())).await;
            fs::write(path, &whole[..at]).expect("a truncated file");
            place.damage_must_be_found(id, &format!("{}, {at} bytes", path.display())).await;
        }
        fs::write(path, whole).expect("as it was");
    }
    place.archive.verify(id, |_| ()).await.expect("it is whole again");
}

/// Goal: a payload that was put in the place of another is found, and so is a missing one.
#[tokio::test]
async fn a_payload_of_another_snapshot_and_a_missing_one_are_found() {
    let place = Place::fresh();
    let (first, second) = (place.publish(&dump(500)).await, place.publish(&dump(500)).await);
    let (at_first, at_second) = (place.path_of(&first.payload), place.path_of(&second.payload));

    let (of_first, of_second) = (fs::read(&at_first).expect("bytes"), fs::read(&at_second).expect("bytes"));
    fs::write(&at_first, &of_second).expect("a swap");
    fs::write(&at_second, &of_first).expect("a swap");
    place.damage_must_be_found(first.id, "a swapped payload").await;
    place.damage_must_be_found(second.id, "a swapped payload").await;
    // The header of one before the body of the other: age would open it with the wrong file key.
    let header = of_first.windows(4).position(|four| four == b"\n---").expect("the end of a header") + 48;
    fs::write(&at_first, [&of_second[..header], &of_first[header..]].concat()).expect("a header");
    place.damage_must_be_found(first.id, "a header of another payload").await;
    fs::remove_file(&at_first).expect("gone");
    place.damage_must_be_found(first.id, "a missing payload").await;
}

/// Goal: neither a manifest nor a whole snapshot is taken for another one; an old one does not come back under a new name.
#[tokio::test]
async fn exchanged_manifests_and_replayed_snapshots_are_found() {
    let place = Place::fresh();
    let (old, new) = (place.publish(&dump(500)).await, place.publish(&dump(600)).await);
    let fresh = SnapshotId::fresh();
    let fresh_payload = old.payload.replace(&old.id.to_string(), &fresh.to_string());

    fs::copy(place.manifest_path(old.id), place.manifest_path(fresh)).expect("a replay");
    fs::copy(place.path_of(&old.payload), place.path_of(&fresh_payload)).expect("a replay");
    place.damage_must_be_found(fresh, "an old snapshot under a new name").await;
    fs::copy(place.manifest_path(old.id), place.manifest_path(new.id)).expect("an exchange");
    place.damage_must_be_found(new.id, "the manifest of another snapshot").await;
    fs::copy(place.path_of(&old.payload), place.path_of(&new.payload)).expect("an exchange");
    place.damage_must_be_found(new.id, "manifest and payload of another snapshot").await;

    let listing = place.archive.list().await.expect("a list");
    assert_eq!(listing.snapshots.iter().map(|listed| listed.manifest.id).collect::<Vec<_>>(), [old.id]);
    assert_eq!(listing.unusable.len(), 2);
}

/// Goal: whoever has no key cannot write a manifest, not even one without a seal.
#[tokio::test]
async fn a_forged_manifest_is_found() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(500)).await;
    let path = place.manifest_path(snapshot.id);
    let text = fs::read_to_string(&path).expect("the manifest");

    let bare = serde_json::to_string_pretty(&snapshot).expect("JSON") + "\n";
    let other = text.replace("before the refit", "before the retif");
    let twice = text.replacen("  \"hmac\"", "  \"tags\": [],\n  \"hmac\"", 1);
    let shouted =
        text.split_once("\"hmac\": ").map(|(before, hmac)| format!("{before}\"hmac\": {}", hmac.to_uppercase()));
    for forged in [bare, other, twice, shouted.expect("a seal"), "{}".to_owned(), String::new()] {
        assert_ne!(forged, text);
        fs::write(&path, &forged).expect("a forged manifest");
        place.damage_must_be_found(snapshot.id, &forged).await;
    }
}

/// Goal: below the manifest there is a second line: age's own authentication, and the hashes of what is in it.
/// Method: whoever has the key vouches for a payload that is not what was written.
#[tokio::test]
async fn what_is_in_a_payload_is_proved_as_well() {
    let place = Place::fresh();
    let content = dump(300_000);
    let vouch = async |change: fn(&mut Vec<u8>, &mut Manifest)| {
        let blank = sample::manifest();
        let mut forged = manifest(blank.clone(), place.write(blank.id, &content).await.expect("a payload"));
        let path = place.path_of(&forged.payload);
        let mut bytes = fs::read(&path).expect("the payload");
        change(&mut bytes, &mut forged);
        (forged.payload_bytes, forged.payload_sha256) = (bytes.len() as u64, sha256(&bytes));
        fs::write(&path, bytes).expect("another payload");
        place.archive.publish(&forged).await.expect("a snapshot");
        let Opened { bytes, failure, outcome } = place.read(forged.id).await;
        assert!(matches!(&outcome, Err(ArchiveError::Damaged { .. })), "{outcome:?}");
        assert!(failure.is_some() && content.starts_with(&bytes), "{} bytes", bytes.len());
    };
    vouch(|bytes, _| *bytes.last_mut().expect("a byte") ^= 1).await;
    vouch(|bytes, _| bytes[100_000] ^= 1).await;
    vouch(|bytes, _| bytes.truncate(bytes.len() - 1)).await;
    vouch(|bytes, _| bytes.truncate(70_000)).await;
    vouch(|bytes, _| bytes.extend_from_slice(b"more")).await;
    vouch(|_, manifest| manifest.dump_sha256 = manifest.compressed_sha256.clone()).await;
    vouch(|_, manifest| manifest.compressed_sha256 = manifest.dump_sha256.clone()).await;
    vouch(|_, manifest| manifest.dump_bytes -= 1).await;
    vouch(|_, manifest| manifest.dump_bytes += 1).await;
    vouch(|_, manifest| manifest.compressed_bytes += 1).await;
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;

    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
