//! A run that was planned for is that run and no other.

use serde_json::{Value, json};

use crate::harness::{
    database::On,
    eye::must_be_same,
    on_every_engine,
    ship::{Caller, Ship},
};

on_every_engine!(
    the_plan_that_was_looked_at_is_run,
    a_plan_of_a_target_that_moved_is_refused,
    a_plan_of_another_catalog_or_other_settings_is_refused,
);

const DECKS: &str =
    "CREATE TABLE decks (id INTEGER PRIMARY KEY, name VARCHAR(80));\nINSERT INTO decks VALUES (1, 'main');";

async fn planned(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_decks", DECKS, "DROP TABLE decks;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_holds", "CREATE TABLE holds (id INTEGER PRIMARY KEY);", "DROP TABLE holds;");
    ship.serve().await;
    ship
}

async fn digest(admin: &Caller) -> Value {
    let plan = admin.get("/api/migration/plan").await;
    assert_eq!(plan.status, 200, "{:#}", plan.body);
    plan.body["digest"].clone()
}

/// Nothing is begun, and what has moved is named.
async fn is_refused(ship: &Ship, admin: &Caller, digest: &Value, moved: &str) {
    let before = ship.eye().await.everything().await;
    let refused = admin.post("/api/migration/start", json!({"plan": digest, "snapshot": "never"})).await;
    let detail = refused.must_be_problem("plan-moved", 412)["detail"].as_str().expect("words").to_owned();
    assert!(detail.starts_with(&format!("{moved} moved since the plan")), "{detail}");
    must_be_same(&ship.eye().await.everything().await, &before);
}

/// Goal: rows may come and go meanwhile, and what was planned is done, once.
async fn the_plan_that_was_looked_at_is_run(on: On) {
    let ship = planned(on).await;
    let admin = ship.admin().await;
    let then = digest(&admin).await;
    ship.eye().await.run("INSERT INTO decks VALUES (2, 'orlop')").await;
    assert_eq!(digest(&admin).await, then, "rows are not the schema");

    let job = admin.post_and_wait("/api/migration/start", json!({"plan": then})).await;

    assert_eq!(job["state"], "succeeded", "{job:#}");
    ship.database_is_at("1.1.0").await;
    is_refused(&ship, &admin, &then, "the target").await;
}

/// Method: somebody else makes a table; another run gets there first.
async fn a_plan_of_a_target_that_moved_is_refused(on: On) {
    let ship = planned(on).await;
    let admin = ship.admin().await;
    let then = digest(&admin).await;
    ship.eye().await.run("CREATE TABLE strangers (id INTEGER PRIMARY KEY)").await;
    is_refused(&ship, &admin, &then, "the target").await;
    ship.eye().await.run("DROP TABLE strangers").await;
    assert_eq!(digest(&admin).await, then);

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    is_refused(&ship, &admin, &then, "the target").await;
}

async fn a_plan_of_another_catalog_or_other_settings_is_refused(on: On) {
    let ship = planned(on).await;
    let admin = ship.admin().await;
    let then = digest(&admin).await;
    let here = ship.cli(&["plan", "--json"]).await.exits(0).json()["digest"].as_str().expect("a digest").to_owned();
    let up = ["up", "--plan", &here, "--snapshot", "never"];

    ship.cli(&[&up[..], &["--set", "snapshots.keep_days=7"]].concat()).await.exits(1);
    let other_goal = admin.post("/api/migration/start", json!({"plan": then, "to": "1.1.0"})).await;
    let detail = other_goal.must_be_problem("plan-moved", 412)["detail"].as_str().expect("words");
    assert!(detail.starts_with("the settings or the goal moved"), "{detail}");
    let catalog = ship.catalog();
    catalog.file("v1.1.0_01_holds", "down.sql", "DROP TABLE IF EXISTS holds;");
    is_refused(&ship, &admin, &then, "the catalog").await;
    catalog.file("v1.1.0_01_holds", "down.sql", "DROP TABLE holds;");
    catalog.file("v1.1.0_01_holds", "metadata.json", r#"{"critical": false}"#);
    is_refused(&ship, &admin, &then, "the catalog").await;
    catalog.file("v1.1.0_01_holds", "metadata.json", r#"{"critical": true}"#);
    assert_eq!(digest(&admin).await, then, "it says what was so before");
    catalog.add("v1.2.0_01_masts", "CREATE TABLE masts (id INTEGER PRIMARY KEY);", "DROP TABLE masts;");
    let moved = ship.cli(&[&up[..], &["--json"]].concat()).await.exits(1).failure();
    assert_eq!(moved["type"], "urn:windlass:problem:plan-moved", "{moved:#}");

    for wrong in ["0", "x-y-z", &here[1..], &format!("{here}-0123456789abcdef")] {
        ship.cli(&["up", "--plan", wrong]).await.exits(64);
        let answer = admin.post("/api/migration/start", json!({"plan": wrong})).await;
        answer.must_be_problem("malformed-body", 400);
    }
    assert_eq!(ship.applied().await, ["v1.0.0_01_decks"]);
}
