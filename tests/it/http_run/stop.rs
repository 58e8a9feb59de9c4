//! Stopping, going on, and who is in whose way.

use reqwest::Method;
use serde_json::json;

use crate::harness::{
    begun::Begun,
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
    what_comes_to_no_edge_in_time_is_stopped_at_the_server,
    the_command_line_stops_at_the_server_as_well,
    a_second_signal_ends_at_once,
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
        let is_told = body["lock"]["process"].as_u64().is_some_and(|process| process > 0);
        body["lock"]["job"].as_str().filter(|_| is_told).map(str::to_owned)
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
    ship.set("server.shutdown_grace", "2m");
    ship.kill().await;
    ship.serve().await;
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

/// A release whose second statement waits at the gate: a change of rows, and on MariaDB one of the schema, which no
/// transaction holds.
async fn with_a_long_statement(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let long = match on {
        On::MariaDb => "ALTER TABLE gate ADD COLUMN m INTEGER;\n".to_owned(),
        _ => gate::pass(on),
    };
    let up = format!("CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{long}");
    ship.catalog().add("v1.1.0_01_long", &up, "DROP TABLE cabins;");
    ship.set("server.shutdown_grace", "3s");
    ship
}

/// Nothing of it may be at work at the server, and whoever comes next need not wait.
async fn must_have_left(ship: &Ship) {
    let mut eye = ship.eye().await;
    let at_work = match ship.on {
        On::Sqlite => None,
        On::Postgres => Some(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND query LIKE '%n = n + 1%' AND state <> 'idle'",
        ),
        On::MariaDb => Some(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'ALTER TABLE gate%'",
        ),
    };
    if let Some(at_work) = at_work {
        assert_eq!(eye.number(at_work).await, 0);
    }
    ship.cli(&["up", "--wait", "0s", "--snapshot", "never"]).await.exits(0);
    ship.database_is_at("1.1.0").await;
    ship.cli(&["validate"]).await.exits(0);
}

/// Goal: a service that is told to end leaves no statement behind at the server, and no lock.
/// Method: hold the statement for longer than the grace.
async fn what_comes_to_no_edge_in_time_is_stopped_at_the_server(on: On) {
    let mut ship = with_a_long_statement(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_long").await;

    ship.signal().await;
    let code = ship.end().await;
    gate.open().await;

    assert_eq!(code, 0);
    must_have_left(&ship).await;
}

async fn the_command_line_stops_at_the_server_as_well(on: On) {
    let ship = with_a_long_statement(on).await;
    let (gate, begun) = held_on_the_command_line(&ship).await;

    crate::harness::signal("TERM", begun.id().expect("it runs")).await;
    let ended = Called::ended(begun).await;
    gate.open().await;

    // SQLite's statement may have come to its end, and the run with it.
    assert!(ended.code == 1 || on == On::Sqlite && ended.code == 0, "{ended:?}");
    must_have_left(&ship).await;
}

async fn held_on_the_command_line(ship: &Ship) -> (Gate, tokio::process::Child) {
    let gate = Gate::shut(&ship.database).await;
    let begun = ship.cli_begun(&["up", "--snapshot", "never"]);
    crate::harness::eventually("it is inside", async || {
        let status = ship.cli(&["status", "--json"]).await;
        (status.code == 0 && status.json()["lock"]["doing"].is_string()).then_some(())
    })
    .await;
    (gate, begun)
}

/// Goal: who asks twice does not wait; it is as a kill, and the next run finishes what was left.
async fn a_second_signal_ends_at_once(on: On) {
    let mut ship = with_a_long_statement(on).await;
    ship.set("server.shutdown_grace", "10m");
    let (gate, begun) = held_on_the_command_line(&ship).await;
    let process = begun.id().expect("it runs");
    let begun = Begun::of(begun);
    crate::harness::signal("TERM", process).await;
    crate::harness::eventually("it has heard the first", async || {
        begun.said().contains("once more stops at once").then_some(())
    })
    .await;
    crate::harness::signal("TERM", process).await;
    begun.ended().await.0.exits(143);
    gate.open().await;
    ship.cli(&["up", "--wait", "60s", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.2.0_01_pass", &gate::pass(on), "SELECT 1;");
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.2.0_01_pass").await;

    ship.signal().await;
    crate::harness::eventually("it has heard the first", async || ship.log().contains("stopping").then_some(())).await;
    ship.signal().await;

    assert_eq!(ship.end().await, 143);
    gate.open().await;
    ship.cli(&["up", "--wait", "60s", "--snapshot", "never"]).await.exits(0);
    ship.database_is_at("1.2.0").await;
}
