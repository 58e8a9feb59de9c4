//! What a service does with snapshots by itself.

use std::{fs, os::unix::fs::FileExt};

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

/// Goal: old snapshots go although a new one is due and cannot be made: they may have the room that it needs.
/// Method: the newest one is too old as well, and a page of the target is damaged.
#[tokio::test]
async fn a_snapshot_that_fails_does_not_keep_old_ones_from_going() {
    let mut ship = with_rows(On::Sqlite).await;
    let (old, young) = (taken(&ship).await, taken(&ship).await);
    age(&ship, &old, TimeDelta::days(31)).await;
    age(&ship, &young, TimeDelta::days(29)).await;
    damage_rows(&ship);
    ship.cli(&["snapshot", "create"]).await.exits(1);
    ship.set("snapshots.every", "1h");
    ship.serve().await;

    eventually("the old one goes", async || (names(&ship).await == [young.as_str()]).then_some(())).await;
}

/// Writes over the page in which a table of the application begins.
fn damage_rows(ship: &Ship) {
    let file = ship.folder().join("app.db");
    let page = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'guests'";
    let told =
        std::process::Command::new("sqlite3").arg(&file).args(["PRAGMA wal_checkpoint(TRUNCATE)", page]).output();
    let told = String::from_utf8(told.expect("sqlite3").stdout).expect("text");
    let page: u64 = told.lines().last().expect("a page").parse().expect("a number");
    let open = fs::File::options().write(true).open(&file).expect("the database");
    open.write_all_at(&[0xff; 100], (page - 1) * 4096).expect("it is written");
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
