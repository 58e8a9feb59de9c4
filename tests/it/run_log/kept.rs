//! Which files there are.

use std::fs;

use super::{files, with_cabins};
use crate::harness::{database::On, on_every_engine};

on_every_engine!(what_only_looks_writes_none);

/// Goal: the oldest go, and nothing that is not ours.
#[tokio::test]
async fn as_many_as_wanted_are_kept_and_nothing_else_is_touched() {
    let mut ship = with_cabins(On::Sqlite).await;
    ship.set("log.keep_runs", "2");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let first = files(&ship).pop().unwrap();
    let foreign = ["notes.log", "20200101T000000.000Z-migrate-mine.log", "x-migrate-01J9Z3M8T6W1X0Y5V4Q2N7KCBD.log"];
    for name in foreign {
        fs::write(first.with_file_name(name), "not ours").unwrap();
    }

    for release in 1..=3 {
        let id = format!("v1.{release}.0_01_more");
        ship.catalog().add(&id, "INSERT INTO cabins SELECT max(id) + 1, 0 FROM cabins;", "SELECT 1;");
        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    }

    let left = files(&ship);
    assert_eq!(left.len(), 2 + foreign.len(), "{left:?}");
    assert!(!left.contains(&first), "{left:?}");
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let told = status["recent"].as_array().unwrap().iter().filter(|job| job["log_file"].is_string()).count();
    assert_eq!(told, 2, "a file that is gone is not told: {status:#}");
}

#[tokio::test]
async fn none_is_written_where_none_is_kept() {
    let mut ship = with_cabins(On::Sqlite).await;
    ship.set("log.keep_runs", "0");

    let job = ship.cli(&["up", "--json"]).await.exits(0).json();

    assert!(job["log_file"].is_null() && !ship.folder().join("data/logs").exists(), "{job:#}");
}

async fn what_only_looks_writes_none(on: On) {
    let ship = with_cabins(on).await;
    ship.cli(&["up", "--dry-run"]).await.exits(0);
    assert_eq!(files(&ship), Vec::<std::path::PathBuf>::new());
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    for words in
        [&["up"][..], &["plan"], &["validate"], &["snapshot", "create"], &["down", "--dry-run", "--yes"], &["rehearse"]]
    {
        ship.cli(words).await.exits(0);
    }

    assert_eq!(files(&ship).len(), 1, "{:?}", files(&ship));
}
