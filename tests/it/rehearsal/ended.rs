//! Rehearsals that are stopped, or whose process is killed: the target is as it was, and no copy is left for long.

use std::fs;

use serde_json::json;

use super::{leftovers, rehearsed, verdicts, with_rows};
use crate::harness::{database::On, eventually, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(a_stop_ends_it_and_takes_the_copy_away, what_a_killed_one_left_goes_with_the_next);

/// A statement that takes longer than any test waits for it.
fn endless(on: On) -> &'static str {
    match on {
        On::Sqlite => {
            "UPDATE guests SET note = (WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000000000) \
             SELECT max(x) FROM c);"
        }
        On::Postgres => "SELECT pg_sleep(600);",
        On::MariaDb => "UPDATE guests SET note = SLEEP(600) WHERE id = 1;",
    }
}

/// Served, and at work on a copy: the second of its migrations does not end.
async fn at_work(on: On) -> (Ship, String) {
    let mut ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;").add(
        "v1.1.0_02_endless",
        endless(on),
        "SELECT 1;",
    );
    ship.serve().await;
    let job = ship.admin().await.post("/api/migration/rehearse", json!({})).await.accepted();
    ship.job_is_inside(&job, "rehearsing v1.1.0_02_endless").await;
    (ship, job)
}

async fn a_stop_ends_it_and_takes_the_copy_away(on: On) {
    let (ship, job) = at_work(on).await;
    let before = ship.eye().await.everything().await;

    ship.admin().await.post("/api/migration/stop", json!({"mode": "now"})).await.accepted();

    let paused = ship.job_ends_as(&job, "paused").await;
    assert_eq!(verdicts(&paused["result"]), [("v1.1.0_01_decks", "proven")]);
    assert_eq!(paused["result"]["overall"], false);
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn what_a_killed_one_left_goes_with_the_next(on: On) {
    let (mut ship, job) = at_work(on).await;
    let before = ship.eye().await.everything().await;

    ship.kill().await;

    assert_eq!(leftovers(&ship).await.len(), 1, "the copy is there still");
    fs::remove_dir_all(ship.catalog().0.join("v1.1.0_02_endless")).expect("the migration");
    let report = eventually("the next one may begin", async || {
        let called = ship.cli(&["rehearse", "--json"]).await;
        (called.code == 0).then(|| called.json()["result"].clone())
    });
    assert_eq!(verdicts(&report.await), [("v1.1.0_01_decks", "proven")]);
    assert_eq!(leftovers(&ship).await, [""; 0]);
    must_be_same(&ship.eye().await.everything().await, &before);
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let recent = status["recent"].as_array().expect("jobs");
    let killed = recent.iter().find(|recent| recent["id"] == job.as_str()).expect("the job");
    assert_eq!(killed["state"], "interrupted", "{killed:#}");
    rehearsed(&ship, &["--history"], 0).await;
}
