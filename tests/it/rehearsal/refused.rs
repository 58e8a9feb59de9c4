//! Rehearsals that may not begin, and words that are not understood.

use serde_json::json;

use super::{leftovers, rehearsed, verdicts, with_rows};
use crate::harness::{
    database::On,
    gate::{self, Gate},
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    a_rehearsal_does_not_begin_while_a_run_is_at_work,
    what_blocks_a_run_blocks_its_rehearsal,
    bad_words_are_named,
    a_server_does_it_as_well,
);

async fn a_rehearsal_does_not_begin_while_a_run_is_at_work(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "UPDATE gate SET n = n - 1;");
    ship.serve().await;
    let (admin, gate) = (ship.admin().await, Gate::shut(&ship.database).await);
    let job = admin.start("1.1.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    let here = ship.cli(&["rehearse", "--json", "--set", "run.lock_wait=0s"]).await;
    let there = admin.post("/api/migration/rehearse", json!({})).await;
    gate.open().await;

    assert_eq!(here.exits(75).failure()["type"], "urn:windlass:problem:busy");
    assert_eq!(there.must_be_problem("busy", 409)["job"], job.as_str());
    ship.job_ends_as(&job, "succeeded").await;
}

async fn what_blocks_a_run_blocks_its_rehearsal(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");

    let unknown = ship.cli(&["rehearse", "--to", "7.0.0", "--json"]).await.exits(2);
    ship.catalog().file("v1.0.0_01_berths", "up.sql", "CREATE TABLE other (id INTEGER PRIMARY KEY);");
    let changed = ship.cli(&["rehearse", "--json"]).await.exits(2);

    assert_eq!(unknown.json()["problem"]["type"], "not-ready");
    assert!(changed.json()["problem"]["detail"].as_str().expect("words").contains("v1.0.0_01_berths/up.sql"));
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn bad_words_are_named(on: On) {
    let mut ship = with_rows(on).await;
    ship.cli(&["rehearse", "--history", "--schema-only"]).await.exits(64);
    ship.cli(&["rehearse", "--history", "--to", "1.0.0"]).await.exits(64);
    ship.cli(&["rehearse", "--to", "one"]).await.exits(64);
    ship.serve().await;
    let admin = ship.admin().await;
    let post = async |body| admin.post("/api/migration/rehearse", body).await;

    post(json!({"from": "history", "to": "1.0.0"})).await.must_be_problem("invalid-request", 422);
    post(json!({"from": "thin air"})).await.must_be_problem("malformed-body", 400);
    post(json!({"deep": true})).await.must_be_problem("malformed-body", 400);
    let nobody = ship.anybody().post("/api/migration/rehearse", json!({})).await;
    nobody.must_be_problem("unauthenticated", 401);
}

async fn a_server_does_it_as_well(on: On) {
    let mut ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;").add(
        "v1.2.0_01_crew",
        "CREATE TABLE crew (id INTEGER PRIMARY KEY);",
        "DROP TABLE crew;",
    );
    ship.serve().await;
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/rehearse", json!({"to": "1.1.0"})).await;
    let token = ship.token(&[]).await;
    let mut command = ship.elsewhere(ship.url(), Some(&token), &["rehearse", "--json"]);
    let called = Called::of(&command.output().await.expect("windlass can be run")).exits(0).json();
    let plan = admin.get("/api/migration/plan").await.body;
    let here = rehearsed(&ship, &["--history"], 0).await;

    assert_eq!((&job["kind"], &job["state"]), (&"rehearse".into(), &"succeeded".into()), "{job:#}");
    assert_eq!(verdicts(&job["result"]), [("v1.1.0_01_decks", "proven")]);
    assert_eq!(verdicts(&called["result"]), [("v1.1.0_01_decks", "proven"), ("v1.2.0_01_crew", "proven")]);
    assert_eq!(plan["hops"][1]["migrations"][0]["rollback"], "proven", "{plan:#}");
    assert_eq!(verdicts(&here).len(), 3);
}
