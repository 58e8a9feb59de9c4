//! Which files there are.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    process::Command,
};

use chrono::{DateTime, NaiveDate, NaiveTime};
use ulid::Ulid;
use windlass::{config::LogFormat, telemetry::RunLogs};

use super::{files, with_cabins};
use crate::harness::{PATIENCE, database::On, eventually, on_every_engine};

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

/// Goal: what waits for whoever opens it keeps no run from beginning.
/// Method: a pipe that nobody writes to bears the name of an old run's file.
#[tokio::test]
async fn a_pipe_among_the_files_holds_no_run_up() {
    let mut ship = with_cabins(On::Sqlite).await;
    ship.set("log.keep_runs", "1");
    let logs = ship.folder().join("data/logs");
    DirBuilder::new().recursive(true).mode(0o700).create(&logs).unwrap();
    let pipe = logs.join("20200101T000000.000Z-migrate-01J9Z3M8T6W1X0Y5V4Q2N7KCBD.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());

    let up = tokio::time::timeout(PATIENCE, ship.cli(&["up", "--snapshot", "never"])).await;

    up.expect("it waits for a pipe").exits(0);
    let left = files(&ship);
    assert!(left.len() == 1 && !left.contains(&pipe), "{left:?}");
}

/// Goal: neither a clock that was ahead once nor another process takes a run's file away while it is written.
#[tokio::test]
async fn what_is_written_now_is_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let logs = RunLogs::beside(&folder.path().join("windlass.db"));
    let begin = |day: u32| {
        let began = NaiveDate::from_ymd_opt(2026, 11, day).unwrap().and_time(NaiveTime::MIN).and_utc();
        logs.begin(began, "migrate", &Ulid::generate().to_string(), LogFormat::Human, 1).unwrap()
    };
    let ahead = begin(30);
    ahead.end(DateTime::UNIX_EPOCH).await.unwrap();

    let own = begin(1);
    assert!(own.path().exists());
    let other = begin(2);
    assert!(own.path().exists() && other.path().exists());
    own.end(DateTime::UNIX_EPOCH).await.unwrap();
    other.end(DateTime::UNIX_EPOCH).await.unwrap();

    // A process that another test begins may have the files open until it is itself.
    eventually("the last one is the only one", async || {
        let last = begin(1);
        let left = fs::read_dir(folder.path().join("logs")).unwrap().count();
        last.end(DateTime::UNIX_EPOCH).await.unwrap();
        (left == 1 && last.path().exists()).then_some(())
    })
    .await;
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
