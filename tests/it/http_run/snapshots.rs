//! Going back to a snapshot.

use serde_json::{Value, json};

use crate::harness::{
    database::On,
    eye::must_be_same,
    on_every_engine,
    ship::{Caller, Ship},
};

on_every_engine!(
    a_snapshot_comes_back_whole_and_the_state_before_is_one_too,
    a_snapshot_whose_bytes_changed_is_refused_and_the_database_untouched,
    without_a_way_back_the_snapshot_under_the_run_is_one,
    without_a_snapshot_either_the_answer_says_so,
);

const ROLLBACK: &str = "/api/migration/rollback";

/// At 1.0.0 with a row, served; 1.1.0 has no way back.
async fn at_one(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    let up =
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY, name VARCHAR(40));\nINSERT INTO cabins VALUES (7, 'Ünsinkbar');";
    ship.catalog().add("v1.0.0_01_cabins", up, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().file(
        "v1.1.0_01_guests",
        "up.sql",
        "CREATE TABLE guests (id INTEGER PRIMARY KEY);\nDELETE FROM cabins;",
    );
    ship.serve().await;
    ship
}

async fn snapshot(admin: &Caller) -> String {
    let job = admin.post_and_wait("/api/migration/snapshot", json!({})).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    job["result"]["id"].as_str().expect("a snapshot").to_owned()
}

async fn back_to(admin: &Caller, id: &str) -> Value {
    admin.post_and_wait(ROLLBACK, json!({"snapshot": id})).await
}

async fn a_snapshot_comes_back_whole_and_the_state_before_is_one_too(on: On) {
    let ship = at_one(on).await;
    let admin = ship.admin().await;
    let id = snapshot(&admin).await;
    let before = ship.eye().await.everything().await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    let after = ship.eye().await.everything().await;

    let back = back_to(&admin, &id).await;

    assert_eq!((&back["state"], &back["result"]["by"]), (&json!("succeeded"), &json!("snapshot")), "{back:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.database_is_at("1.0.0").await;
    let kept = back["result"]["snapshot"].as_str().expect("the state before");
    let forth = back_to(&admin, kept).await;
    assert_eq!(forth["state"], "succeeded", "{forth:#}");
    must_be_same(&ship.eye().await.everything().await, &after);
    ship.database_is_at("1.1.0").await;
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
    let unknown = admin.post(ROLLBACK, json!({"snapshot": "01J9Z3M8T6W1X0Y5V4Q2N7KCBD"})).await;
    unknown.must_be_problem("no-such-snapshot", 404);
}

async fn a_snapshot_whose_bytes_changed_is_refused_and_the_database_untouched(on: On) {
    let ship = at_one(on).await;
    let admin = ship.admin().await;
    let id = snapshot(&admin).await;
    let manifest = admin.get(&format!("/api/migration/snapshots/{id}")).await.body;
    let payload = ship.folder().join("data/snapshots").join(manifest["payload"].as_str().expect("a file"));
    let mut bytes = std::fs::read(&payload).expect("the payload");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&payload, bytes).expect("the payload");
    ship.eye().await.run("INSERT INTO cabins VALUES (8, 'later')").await;
    let before = ship.eye().await.everything().await;

    ship.cli(&["snapshot", "verify", &id]).await.exits(2);
    let back = back_to(&admin, &id).await;

    assert_eq!((&back["state"], &back["problem"]["type"]), (&json!("failed"), &json!("snapshot-damaged")), "{back:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.database_is_at("1.0.0").await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
}

async fn without_a_way_back_the_snapshot_under_the_run_is_one(on: On) {
    let ship = at_one(on).await;
    let admin = ship.admin().await;
    let before = ship.eye().await.everything().await;
    let job = admin.post_and_wait("/api/migration/start", json!({"snapshot": "required"})).await;
    assert!(job["result"]["snapshot"].is_string(), "{job:#}");

    let refused = admin.post(ROLLBACK, json!({"steps": 1})).await;
    let back = admin.post_and_wait(ROLLBACK, json!({})).await;

    assert_eq!(refused.must_be_problem("not-ready", 422)["blocking"][0]["rule"], "no-way-back");
    assert_eq!((&back["state"], &back["result"]["by"]), (&json!("succeeded"), &json!("snapshot")), "{back:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.database_is_at("1.0.0").await;
}

async fn without_a_snapshot_either_the_answer_says_so(on: On) {
    let ship = at_one(on).await;
    let admin = ship.admin().await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;

    let back = admin.post_and_wait(ROLLBACK, json!({})).await;

    assert_eq!((&back["state"], &back["problem"]["type"]), (&json!("failed"), &json!("not-ready")), "{back:#}");
    assert!(back["problem"]["detail"].as_str().expect("words").contains("it has no down script"), "{back:#}");
    assert!(back["problem"]["next_step"].as_str().expect("words").contains("snapshot"), "{back:#}");
    ship.cli(&["down"]).await.exits(2);
    ship.database_is_at("1.1.0").await;
}
