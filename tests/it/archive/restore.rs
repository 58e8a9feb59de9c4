//! A snapshot takes the place of a database, or says what that would mean.

use serde_json::Value;

use super::{leftovers, names, taken, with_rows};
use crate::harness::{
    database::On,
    eye::{Eye, must_be_same},
    on_every_engine,
    ship::Ship,
};

on_every_engine!(
    a_dry_run_shows_what_would_change_and_changes_nothing,
    a_restore_can_be_undone,
    another_database_is_made_and_filled,
    another_database_that_is_not_empty_is_left_alone,
    a_rollback_without_another_way_goes_to_the_last_good_snapshot,
);

/// Somebody changes everything.
async fn change_everything(ship: &Ship) {
    let mut app = ship.eye().await;
    app.run("DELETE FROM guests").await;
    app.run("INSERT INTO berths VALUES (3, 'keel')").await;
    app.run("UPDATE berths SET name = 'gone' WHERE id = 1").await;
    app.run("CREATE TABLE strangers (id INTEGER PRIMARY KEY)").await;
}

async fn a_dry_run_shows_what_would_change_and_changes_nothing(on: On) {
    let ship = with_rows(on).await;
    let id = taken(&ship).await;
    change_everything(&ship).await;
    let before = ship.eye().await.everything().await;

    let job = ship.cli(&["snapshot", "restore", &id, "--dry-run", "--json"]).await.exits(0).json();

    let tables = job["result"]["tables"].as_array().expect("tables").clone();
    let of =
        |name: &str| tables.iter().find(|table| table["table"].as_str().is_some_and(|t| t.ends_with(name))).cloned();
    let rows = |name: &str| of(name).map(|table| (table["rows_now"].clone(), table["rows_then"].clone()));
    assert_eq!(rows("guests"), Some((0.into(), 2.into())), "{job:#}");
    assert_eq!(rows("berths"), Some((3.into(), 2.into())), "{job:#}");
    assert_eq!(rows("strangers"), Some((0.into(), Value::Null)), "{job:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(names(&ship).await, [id], "no snapshot was made");
}

async fn a_restore_can_be_undone(on: On) {
    let ship = with_rows(on).await;
    let then = ship.eye().await.everything().await;
    let id = taken(&ship).await;
    change_everything(&ship).await;
    let changed = ship.eye().await.everything().await;

    let job = ship.cli(&["snapshot", "restore", &id, "--json"]).await.exits(0).json();
    must_be_same(&ship.eye().await.everything().await, &then);
    let before = job["result"]["before"].as_str().expect("the state before").to_owned();
    ship.cli(&["snapshot", "restore", &before]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &changed);

    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn another_database_is_made_and_filled(on: On) {
    let ship = with_rows(on).await;
    let then = ship.eye().await.everything().await;
    let id = taken(&ship).await;
    change_everything(&ship).await;
    let changed = ship.eye().await.everything().await;
    let (name, url) = ship.other("other");

    ship.cli(&["snapshot", "restore", &id, "--into", &name]).await.exits(0);

    must_be_same(&Eye::at(on, &url).await.everything().await, &then);
    must_be_same(&ship.eye().await.everything().await, &changed);
    assert_eq!(leftovers(&ship).await.into_iter().filter(|left| left.contains("windlass")).count(), 0);
}

async fn another_database_that_is_not_empty_is_left_alone(on: On) {
    let ship = with_rows(on).await;
    let then = ship.eye().await.everything().await;
    let id = taken(&ship).await;
    let (name, url) = ship.other("other");
    ship.cli(&["snapshot", "restore", &id, "--into", &name]).await.exits(0);
    Eye::at(on, &url).await.run("DELETE FROM guests").await;

    let refused = ship.cli(&["snapshot", "restore", &id, "--into", &name, "--json"]).await.exits(1).json();
    assert_eq!(refused["problem"]["type"], "not-empty", "{refused:#}");
    assert_eq!(Eye::at(on, &url).await.number("SELECT COUNT(*) FROM guests").await, 0, "it was left alone");

    let forced = ship.cli(&["snapshot", "restore", &id, "--into", &name, "--force", "--json"]).await.exits(0).json();
    assert!(forced["result"]["before"].is_string(), "{forced:#}");
    must_be_same(&Eye::at(on, &url).await.everything().await, &then);
}

/// Goal: where neither down scripts nor a snapshot under the last run lead back, the last good one does, and says so.
async fn a_rollback_without_another_way_goes_to_the_last_good_snapshot(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    let then = ship.eye().await.everything().await;
    ship.cli(&["up"]).await.exits(0);
    ship.catalog().file("v1.2.0_01_masts", "up.sql", "CREATE TABLE masts (id INTEGER PRIMARY KEY);");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let good = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
    assert!(good["last_good"]["id"].is_string(), "the run above it validated: {good:#}");

    let job = ship.cli(&["down", "--json"]).await.exits(0).json();

    assert_eq!(job["result"]["by"], "snapshot", "{job:#}");
    must_be_same(&ship.eye().await.everything().await, &then);
}
