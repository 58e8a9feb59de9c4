//! The audit trail: nothing is done that is not in it, and nothing in it is changed unseen.

mod closed;
mod earlier;
mod key;
mod tampered;

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;

use crate::harness::{
    database::On,
    eye::Eye,
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(what_was_ordered_is_in_the_trail_and_the_trail_is_whole,);

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);";

/// The control store.
fn file(ship: &Ship) -> PathBuf {
    ship.folder().join("data/windlass.db")
}

/// A connection of the test's own to it, under which the trail can be changed.
async fn hand(ship: &Ship) -> Eye {
    let mut hand = Eye::at(On::Sqlite, &format!("sqlite:{}", file(ship).display())).await;
    for trigger in ["audit_kept", "audit_fixed", "log_kept", "log_fixed"] {
        hand.run(&format!("DROP TRIGGER IF EXISTS {trigger}")).await;
    }
    hand
}

/// With three jobs behind it: six lines.
async fn with_six_lines(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    for _ in 0..2 {
        ship.cli(&["validate"]).await.exits(0);
    }
    ship
}

async fn verified(ship: &Ship, words: &[&str]) -> Called {
    ship.cli(&[&["audit", "verify", "--json"], words].concat()).await
}

/// The trail must be found broken at this entry.
#[track_caller]
fn must_be_broken(called: &Called, number: i64, what: &str) {
    assert_eq!(called.code, 2, "{what}: {called:?}");
    let report = called.json();
    assert_eq!(
        (&report["whole"], &report["fault"]["number"]),
        (&Value::from(false), &Value::from(number)),
        "{what}: {report:#}"
    );
    assert_eq!(report["entries"], number - 1, "{what}: {report:#}");
    assert!(report["fault"]["reason"].as_str().is_some_and(|words| !words.is_empty()), "{what}: {report:#}");
}

async fn what_was_ordered_is_in_the_trail_and_the_trail_is_whole(on: On) {
    let mut ship = with_six_lines(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    admin.post_and_wait("/api/migration/validate", serde_json::json!({})).await;

    let lines = ship.cli(&["audit", "list", "--json"]).await.exits(0).json();
    let told: Vec<(&str, &str)> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["actor"].as_str().unwrap(), line["message"].as_str().unwrap().split(':').next().unwrap()))
        .collect();
    let expected = [
        ("cli:ada", "ordered migrate"),
        ("cli:ada", "migrate succeeded"),
        ("cli:ada", "ordered validate"),
        ("cli:ada", "validate succeeded"),
        ("cli:ada", "ordered validate"),
        ("cli:ada", "validate succeeded"),
        ("http:grace", "ordered validate"),
        ("http:grace", "validate succeeded"),
    ];
    assert_eq!(told, expected);
    let report = verified(&ship, &[]).await.exits(0).json();
    assert_eq!((&report["whole"], &report["entries"], &report["fault"]), (&true.into(), &8.into(), &Value::Null));
    let status = admin.get("/api/migration/status").await.body;
    assert_eq!(status["audit"], report["head"], "{status:#}");
    assert!(ship.cli(&["status"]).await.exits(0).stdout.contains("audit        8:"));

    let newest = ship.cli(&["audit", "list", "--limit", "1"]).await.exits(0).stdout;
    assert!(newest.contains("validate succeeded") && !newest.contains("ordered"), "{newest}");
    let token = ship.token(&[]).await;
    let far = ship.elsewhere(ship.url(), Some(&token), &["audit", "list", "--json"]).output().await.unwrap();
    assert_eq!(Called::of(&far).exits(0).json(), lines);
    let refused = ship.elsewhere(ship.url(), Some(&token), &["audit", "verify"]).output().await.unwrap();
    Called::of(&refused).exits(64);
    for name in ["audit.key", "audit.head"] {
        let mode = fs::metadata(ship.folder().join("data").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_store_without_a_trail_is_whole_and_a_head_that_is_none_is_a_usage_error() {
    let ship = Ship::with_catalog(On::Sqlite).await;

    let report = verified(&ship, &[]).await.exits(0).json();

    assert_eq!((&report["whole"], &report["entries"]), (&true.into(), &0.into()));
    let made = [file(&ship), file(&ship).with_file_name("audit.key")].into_iter().find(|path| path.exists());
    assert_eq!(made, None, "a question made it");
    must_be_broken(&verified(&ship, &["--head", &format!("1:{}", "0".repeat(64))]).await, 1, "a head and no store");
    for head in ["", "1", "x:y", "1:abc", &format!("-1:{}", "0".repeat(64)), &format!("1:{}", "G".repeat(64))] {
        verified(&ship, &["--head", head]).await.exits(64);
    }
}
