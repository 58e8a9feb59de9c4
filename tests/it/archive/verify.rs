//! Snapshots are looked at again: every byte, and by a restore into a scratch database.

use std::fs;

use super::{leftovers, taken, with_rows};
use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(
    a_snapshot_is_tried_in_a_scratch_database,
    what_was_found_is_kept_with_the_snapshot,
    a_damaged_one_is_named_and_the_others_are_looked_at,
);

async fn a_snapshot_is_tried_in_a_scratch_database(on: On) {
    let ship = with_rows(on).await;
    let id = taken(&ship).await;
    let before = ship.eye().await.everything().await;

    let job = ship.cli(&["snapshot", "verify", &id, "--deep", "--json"]).await.exits(0).json();

    let verdict = &job["result"]["verdicts"][0];
    assert_eq!(
        (&verdict["id"], &verdict["whole"], &verdict["deep"]),
        (&id.as_str().into(), &true.into(), &true.into())
    );
    assert!(verdict["restore_ms"].is_u64(), "{job:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn what_was_found_is_kept_with_the_snapshot(on: On) {
    let ship = with_rows(on).await;
    let id = taken(&ship).await;
    let before = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
    ship.cli(&["snapshot", "verify", &id, "--deep"]).await.exits(0);

    let status = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
    let shown = ship.cli(&["snapshot", "show", &id, "--json"]).await.exits(0).json();

    assert!(before["last_verified"].is_null(), "{before:#}");
    assert_eq!((&status["count"], &status["newest"]["id"]), (&1.into(), &id.as_str().into()));
    assert_eq!(status["last_verified"]["id"], id.as_str(), "{status:#}");
    assert_eq!(shown["marks"]["verified"]["result"], "whole", "{shown:#}");
    assert_eq!(shown["marks"]["verified"]["restore_ms"], status["last_verified"]["restore_ms"]);
}

/// Turns a bit in the middle of a snapshot's payload.
fn damage(ship: &Ship, id: &str) {
    let folder = ship.folder().join("data/snapshots");
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join(format!("{id}.json"))).expect("the manifest")).expect("JSON");
    let payload = folder.join(manifest["payload"].as_str().expect("a name"));
    let mut bytes = fs::read(&payload).expect("the payload");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&payload, bytes).expect("the damage");
}

async fn a_damaged_one_is_named_and_the_others_are_looked_at(on: On) {
    let ship = with_rows(on).await;
    let (first, second) = (taken(&ship).await, taken(&ship).await);
    damage(&ship, &second);

    let job = ship.cli(&["snapshot", "verify", "--all", "--json"]).await.exits(2).json();

    let verdicts = job["result"]["verdicts"].as_array().expect("verdicts");
    let of = |id: &str| verdicts.iter().find(|verdict| verdict["id"] == id).expect("a verdict");
    assert_eq!((&of(&first)["whole"], &of(&second)["whole"]), (&true.into(), &false.into()));
    assert_eq!(job["problem"]["type"], "snapshot-damaged", "{job:#}");
    let status = ship.cli(&["snapshot", "status", "--json"]).await.exits(2).json();
    assert!(status["problems"][0].as_str().expect("words").contains(&second), "{status:#}");
    let before = ship.eye().await.everything().await;
    ship.cli(&["snapshot", "restore", &second]).await.exits(1);
    must_be_same(&ship.eye().await.everything().await, &before);
}
