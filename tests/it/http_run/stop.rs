//! Stopping, going on, and who is in whose way.

use reqwest::Method;
use serde_json::json;

use crate::harness::{
    database::On,
    gate::{self, Gate},
    on_every_engine,
    ship::{Answer, Called, Ship},
};

on_every_engine!(
    a_stop_lets_the_running_migration_finish_and_begins_no_other,
    a_stop_at_once_takes_a_transaction_back,
    a_second_run_is_told_which_one_is_in_its_way,
    a_signal_ends_the_service_at_a_safe_edge,
);

/// At 1.0.0 with a gate, served; the next release passes the gate, and two migrations follow.
async fn with_gate(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog()
        .add("v1.1.0_01_pass", &gate::pass(on), "UPDATE gate SET n = n - 1;")
        .add("v1.1.0_02_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;")
        .add("v1.2.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");
    ship.serve().await;
    ship
}

async fn passed(ship: &Ship) -> i64 {
    ship.eye().await.number("SELECT n FROM gate").await
}

/// Method: hold the first migration open, ask for the stop, then let it finish.
async fn a_stop_lets_the_running_migration_finish_and_begins_no_other(on: On) {
    let ship = with_gate(on).await;
    let admin = ship.admin().await;
    admin.post("/api/migration/stop", json!({})).await.must_be_problem("nothing-runs", 409);
    let gate = Gate::shut(&ship.database).await;

    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    let now = admin.get("/api/migration/progress").await.body;
    let waiting = admin.request(Method::POST, "/api/migration/stop").header("prefer", "wait=1");
    let stopped = Answer::to(waiting).await;
    let again = admin.post("/api/migration/stop", json!({})).await;
    gate.open().await;

    assert_eq!((&now["progress"]["completed"], &now["progress"]["total"]), (&json!(0), &json!(3)), "{now:#}");
    assert_eq!((stopped.accepted(), again.accepted()), (job.clone(), job.clone()));
    assert_eq!(stopped.body["state"], "pausing");
    assert_eq!(stopped.headers["preference-applied"], "wait=1", "and the wait was over before the end");
    let paused = ship.job_ends_as(&job, "paused").await;
    assert_eq!((&paused["progress"]["completed"], &paused["problem"]), (&json!(1), &json!(null)), "{paused:#}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass"]);
    let job = admin.start("1.2.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    ship.database_is_at("1.2.0").await;
    assert_eq!(passed(&ship).await, 1);
}

/// Goal: nobody has to wait for a long transaction. The migration changes rows only, so it is one on every engine.
async fn a_stop_at_once_takes_a_transaction_back(on: On) {
    let ship = with_gate(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    admin.post("/api/migration/stop", json!({"mode": "now"})).await.accepted();

    ship.job_ends_as(&job, "paused").await;
    gate.open().await;
    assert_eq!((passed(&ship).await, ship.applied().await.len()), (0, 1));
    let job = admin.start("1.2.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    assert_eq!(passed(&ship).await, 1);
}

async fn a_second_run_is_told_which_one_is_in_its_way(on: On) {
    let ship = with_gate(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    for path in ["start", "rollback", "snapshot", "validate"] {
        let refused = admin.post(&format!("/api/migration/{path}"), json!({})).await;
        assert_eq!(refused.must_be_problem("busy", 409)["job"], job.as_str());
    }
    let busy = ship.cli(&["up", "--wait", "0s", "--json"]).await.exits(75).failure();
    assert!(busy["detail"].as_str().expect("words").contains(&job), "{busy:#}");
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert_eq!(status["lock"]["job"], job.as_str(), "{status:#}");
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;

    let gate = Gate::shut(&ship.database).await;
    ship.catalog().add("v1.3.0_01_pass", &gate::pass(on), "SELECT 1;");
    let cli = ship.cli_begun(&["up", "--json", "--snapshot", "never"]);
    let holder = crate::harness::eventually("the command line has the lock", async || {
        let body = admin.get("/api/migration/status").await.body;
        body["lock"]["job"].as_str().map(str::to_owned)
    })
    .await;
    let refused = admin.start("1.3.0").await;
    gate.open().await;
    let told = refused.must_be_problem("busy", 409)["holder"].as_str().expect("words").to_owned();
    assert!(told.contains(&holder) && told.contains("process"), "{told}");
    let cli = Called::ended(cli).await.exits(0).json();
    assert_eq!(cli["id"], holder.as_str());
}

/// Goal: a stop of the service never tears a migration, and is no failure.
async fn a_signal_ends_the_service_at_a_safe_edge(on: On) {
    let mut ship = with_gate(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    ship.signal().await;
    crate::harness::eventually("it takes no more orders", async || {
        let answer = admin.post("/api/migration/validate", json!({})).await;
        (answer.status == 503).then(|| drop(answer.must_be_problem("stopping", 503).clone()))
    })
    .await;
    gate.open().await;
    let code = ship.end().await;

    assert_eq!(code, 0);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass"]);
    ship.serve().await;
    ship.job_ends_as(&job, "paused").await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    assert_eq!(passed(&ship).await, 1);
}
