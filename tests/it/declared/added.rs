//! `validate --declared`, and what `--add-missing` adds.

use serde_json::{Value, json};

use super::{BY_HAND, FRESH, added, by_hand, declaring, of_declared, set, with_holes};
use crate::harness::{
    database::On, eye::must_be_same, interrupted::waits, on_every_engine, on_every_server, outage::way_to, ship::Ship,
};

on_every_engine!(
    what_is_missing_is_told_and_nothing_is_changed,
    what_is_missing_is_added_and_told,
    what_cannot_be_added_safely_is_told_and_left_alone,
    what_bears_the_name_is_left_alone,
    nothing_is_added_before_the_end_of_the_catalog_or_behind_it,
    over_http_it_is_the_same,
);

on_every_server!(a_stop_at_once_ends_what_is_being_added, what_is_lost_before_the_first_addition_changed_nothing);

async fn report(ship: &Ship, words: &[&str], code: i32) -> Value {
    ship.cli(&[&["validate", "--json"], words].concat()).await.exits(code).json()["result"].clone()
}

async fn what_is_missing_is_told_and_nothing_is_changed(on: On) {
    let ship = with_holes(on).await;
    ship.eye().await.run("CREATE TABLE strangers (id INTEGER PRIMARY KEY)").await;
    ship.eye().await.run("ALTER TABLE decks ADD COLUMN extra INTEGER").await;
    let before = ship.eye().await.everything().await;

    let report = report(&ship, &["--declared"], 2).await;

    let expected = set([
        "table-missing holds",
        "column-missing decks.berths",
        "index-missing decks.decks_by_name",
        "table-orphaned strangers",
        "column-orphaned decks.extra",
    ]);
    assert_eq!(of_declared(&report), expected);
    let info = report["info"].as_array().expect("findings").iter().filter(|one| one["rule"] == "table-orphaned");
    assert_eq!(info.count(), 1, "what is more than declared is worth knowing, no more: {report:#}");
    assert!(added(&report).is_empty());
    must_be_same(&ship.eye().await.everything().await, &before);
}

/// Goal: after it nothing is missing, rows are as they were, and what was added is no drift.
async fn what_is_missing_is_added_and_told(on: On) {
    let ship = with_holes(on).await;

    let first = report(&ship, &["--add-missing"], 0).await;
    let again = report(&ship, &["--add-missing"], 0).await;
    let plain = report(&ship, &[], 0).await;

    assert_eq!(of_declared(&first), set([]), "{first:#}");
    let statements = added(&first);
    assert_eq!(statements.len(), 4, "{statements:#?}");
    assert_eq!(statements[0], "CREATE TABLE holds (id INTEGER PRIMARY KEY, deck INTEGER)");
    assert_eq!(statements[1], "CREATE INDEX holds_by_deck ON holds (deck)");
    assert!(statements[2].starts_with("ALTER TABLE ") && statements[2].contains("berths"), "{statements:#?}");
    assert!(statements[3].starts_with("CREATE INDEX ") && statements[3].contains("decks_by_name"), "{statements:#?}");
    assert!(added(&again).is_empty(), "{again:#}");
    assert_eq!(plain["warnings"].as_array().map(Vec::len), Some(0), "{plain:#}");
    assert_eq!(ship.eye().await.number("SELECT berths FROM decks WHERE id = 1").await, 2);
    assert_eq!(ship.eye().await.texts("SELECT name FROM decks").await, ["orlop"]);
    ship.cli(&["verify-upgrade"]).await.exits(0);

    by_hand(&ship, &BY_HAND[..2]).await;
    let gone = ship.cli(&["validate", "--json"]).await.json()["result"].clone();
    let all = [&gone["critical_issues"], &gone["warnings"]].map(|list| list.as_array().expect("findings"));
    let columns = all.iter().flat_map(|list| list.iter()).filter(|one| one["rule"] == "column-missing").count();
    assert_eq!(columns, 1, "what was added once is kept once: {gone:#}");
}

/// Goal: the state that is told is the target's.
/// Method: the connection ends where the table that is missing is asked for by name; what is declared is run by another way.
async fn what_is_lost_before_the_first_addition_changed_nothing(on: On) {
    let mut ship = with_holes(on).await;
    let (way, url) = way_to(&ship).await;
    let straight = ship.database.url.clone();
    ship.set("rehearsal.url", &straight);
    ship.set("target.url", &url);
    way.ends_at("holds");

    let lost = ship.cli(&["validate", "--json", "--add-missing"]).await.exits(1).json();

    assert_eq!(lost["problem"]["target_state"], "the target is as it was before", "{lost:#}");
    assert!(!ship.eye().await.tables().await.contains(&"holds".to_owned()));
    assert!(added(&lost["result"]).is_empty(), "{lost:#}");
}

/// Goal: where something else bears the name of a table that is missing, nothing is done to it.
async fn what_bears_the_name_is_left_alone(on: On) {
    let ship = with_holes(on).await;
    ship.eye().await.run("CREATE VIEW holds AS SELECT id, name AS deck FROM decks").await;

    let report = report(&ship, &["--add-missing"], 2).await;

    let not_added: Vec<String> = of_declared(&report).into_iter().filter(|one| one.starts_with("not-added")).collect();
    assert_eq!(not_added, ["not-added table holds"], "{report:#}");
    let statements = added(&report);
    assert!(statements.len() == 2 && statements.iter().all(|one| !one.contains("holds")), "{statements:#?}");
    assert_eq!(ship.eye().await.texts("SELECT deck FROM holds").await, ["orlop"]);
}

/// Method: rows are in the way of a NOT NULL column and of a unique index; a column that is another type is not touched.
async fn what_cannot_be_added_safely_is_told_and_left_alone(on: On) {
    let ship = with_holes(on).await;
    ship.eye().await.run("INSERT INTO decks (id, name) VALUES (2, 'orlop')").await;
    let fresh = FRESH.replace("name VARCHAR(80),", "name VARCHAR(90),\n  keeper INTEGER NOT NULL,").replace(
        "CREATE INDEX decks_by_name ON decks (name, berths);",
        "CREATE UNIQUE INDEX decks_by_name ON decks (name);",
    );
    ship.catalog().beside("schema.sql", &fresh);

    let report = report(&ship, &["--add-missing"], 2).await;

    let expected = set([
        "column-changed decks.name",
        "column-missing decks.keeper",
        "index-missing decks.decks_by_name",
        "not-added column decks.keeper",
        "not-added index decks.decks_by_name",
    ]);
    assert_eq!(of_declared(&report), expected, "{report:#}");
    let not_added = report["warnings"].as_array().expect("findings").iter().filter(|one| one["rule"] == "not-added");
    let told: Vec<&str> = not_added.map(|one| one["message"].as_str().expect("words")).collect();
    assert!(told.iter().any(|message| message.contains("NOT NULL and has no default")), "{told:#?}");
    assert!(told.iter().any(|message| message.contains("the database refused")), "{told:#?}");
    assert_eq!(added(&report).len(), 3, "the table, its index and the other column: {report:#}");
    assert_eq!(ship.eye().await.number("SELECT COUNT(*) FROM decks").await, 2);
    ship.cli(&["up"]).await.exits(0);
}

/// Goal: what a pending migration is to make is not made before it, nor what a newer release has dropped made again.
async fn nothing_is_added_before_the_end_of_the_catalog_or_behind_it(on: On) {
    let mut ship = declaring(on).await;
    ship.set("policy.safety_net", "add");
    ship.cli(&["up", "--to", "1.0.0", "--snapshot", "never"]).await.exits(0);
    let before = ship.eye().await.everything().await;

    let looked = report(&ship, &["--declared"], 2).await;
    let early = ship.cli(&["validate", "--add-missing", "--json"]).await.exits(2).json();
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    std::fs::remove_dir_all(ship.catalog().0.join("v1.1.0_01_holds")).expect("the newer migration");
    let late = ship.cli(&["validate", "--add-missing", "--json"]).await.exits(2).json();

    let info = looked["info"].as_array().expect("findings").iter().find(|one| one["rule"] == "not-at-the-end");
    assert_eq!(
        info.expect("a finding")["message"],
        "migrations: 1 pending, and what is still to come of them counts as missing"
    );
    for (job, told) in [(early, "windlass up"), (late, "the release that the database is at")] {
        assert_eq!(job["problem"]["type"], "not-ready", "{job:#}");
        assert!(job["problem"]["next_step"].as_str().expect("words").contains(told), "{job:#}");
    }
}

async fn over_http_it_is_the_same(on: On) {
    let mut ship = with_holes(on).await;
    ship.serve().await;
    let admin = ship.admin().await;

    let looked = admin.post_and_wait("/api/migration/validate", json!({"declared": true})).await;
    let mended = admin.post_and_wait("/api/migration/validate", json!({"add_missing": true})).await;
    let bad = admin.post("/api/migration/validate", json!({"add_missing": "yes"})).await;
    let id = mended["id"].as_str().expect("a job");
    let log = admin.get(&format!("/api/migration/logs?job={id}")).await.body;

    let missing = ["table-missing holds", "column-missing decks.berths", "index-missing decks.decks_by_name"];
    assert_eq!(of_declared(&looked["result"]), set(missing));
    assert_eq!((&mended["state"], added(&mended["result"]).len()), (&"succeeded".into(), 4), "{mended:#}");
    assert_eq!(mended["result"]["overall"], true);
    bad.must_be_problem("malformed-body", 400);
    let log = log.to_string();
    assert!(log.contains("added table holds: CREATE TABLE holds"), "each statement is in the job's log: {log}");
    assert!(log.contains("ordered validate"), "and the order in the audit trail: {log}");
}

/// Goal: nobody has to wait for what is being added: it is stopped at the server, and the next time adds the rest.
/// Method: a transaction of the test's own has read the table that a column is added to, and holds it.
async fn a_stop_at_once_ends_what_is_being_added(on: On) {
    let mut ship = with_holes(on).await;
    ship.set("run.lock_timeout", "10m");
    ship.serve().await;
    let admin = ship.admin().await;
    let mut holder = ship.eye().await;
    holder.run("BEGIN").await;
    holder.texts("SELECT name FROM decks").await;
    let job = admin.post("/api/migration/validate", json!({"add_missing": true})).await.accepted();
    waits(&ship, "%ALTER TABLE").await;

    admin.post("/api/migration/stop", json!({"mode": "now"})).await.accepted();

    let paused = ship.job_ends_as(&job, "paused").await;
    holder.run("ROLLBACK").await;
    assert_eq!(added(&paused["result"]).len(), 2, "the table and its index: {paused:#}");
    let rest = admin.post_and_wait("/api/migration/validate", json!({"add_missing": true})).await;
    assert_eq!((&rest["state"], added(&rest["result"]).len()), (&"succeeded".into(), 2), "{rest:#}");
}
