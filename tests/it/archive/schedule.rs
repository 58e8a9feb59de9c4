//! What a service does with snapshots by itself.

use std::fs;

use chrono::TimeDelta;
use windlass::{config::Snapshots, snapshot::Archive};

use super::{names, taken, with_rows};
use crate::harness::{database::On, eventually, ship::Ship};

#[tokio::test]
async fn a_service_takes_a_snapshot_when_the_newest_is_too_old() {
    let mut ship = with_rows(On::Sqlite).await;
    ship.set("snapshots.every", "1h");
    ship.serve().await;

    let id = eventually("a snapshot is taken", async || names(&ship).await.pop()).await;

    let shown = ship.cli(&["snapshot", "show", &id, "--json"]).await.exits(0).json();
    assert_eq!((&shown["created_by"], &shown["tags"][0]), (&"service:windlass".into(), &"scheduled".into()));
    let status = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
    assert!(status["next_snapshot_at"].is_string(), "{status:#}");
}

#[tokio::test]
async fn a_service_restores_a_snapshot_into_a_scratch_database() {
    let mut ship = with_rows(On::Postgres).await;
    let id = taken(&ship).await;
    ship.set("snapshots.verify_every", "1h");
    ship.serve().await;

    let verified = eventually("it is looked at", async || {
        let status = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
        status["last_verified"].is_object().then(|| status["last_verified"].clone())
    })
    .await;

    assert_eq!((&verified["id"], &verified["deep"]), (&id.as_str().into(), &true.into()));
}

/// Goal: what is older than `snapshots.keep_days` goes by itself, and nothing else does.
#[tokio::test]
async fn a_service_lets_old_snapshots_go() {
    let mut ship = with_rows(On::Sqlite).await;
    let (old, young) = (taken(&ship).await, taken(&ship).await);
    age(&ship, &old, TimeDelta::days(31)).await;
    age(&ship, &young, TimeDelta::days(29)).await;
    ship.serve().await;

    eventually("the old one goes", async || (names(&ship).await == [young.as_str()]).then_some(())).await;

    let left = fs::read_dir(ship.folder().join("data/snapshots")).expect("the snapshots");
    let left = left.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    assert_eq!(left.filter(|name| name.starts_with(&old)).collect::<Vec<_>>(), [""; 0]);
}

/// Makes a snapshot older than it is.
async fn age(ship: &Ship, id: &str, by: TimeDelta) {
    let data = ship.folder().join("data");
    let settings = Snapshots { path: data.join("snapshots"), ..Snapshots::default() };
    let archive = Archive::at(&settings, &data).expect("an archive");
    let mut manifest = archive.find(id.parse().expect("a name")).await.expect("a snapshot");
    manifest.created_at -= by;
    fs::remove_file(settings.path.join(format!("{id}.json"))).expect("its manifest");
    archive.publish(&manifest).await.expect("a snapshot");
}
