//! The process dies in the middle. What it left is found, finished, and equal to a run that nothing happened to.

use serde_json::{Value, json};

use crate::harness::{
    database::On,
    eventually,
    eye::{Eye, must_be_same},
    gate::{self, Gate},
    on_every_engine, on_every_server,
    ship::{Answer, Caller, Ship},
};

on_every_engine!(
    the_next_service_finishes_what_a_killed_one_left,
    the_command_line_finishes_what_a_killed_service_left,
    a_statement_outside_a_transaction_is_found_and_finished,
    a_rollback_that_was_killed_is_finished,
);

on_every_server!(
    a_connection_that_is_lost_in_the_middle_is_no_failure_for_ever,
    a_network_that_falls_silent_is_noticed,
    a_server_that_comes_back_is_asked_for_the_truth,
);

/// At 1.0.0 with a gate. In the release after it, a statement that may happen only once stands between two others.
async fn with_gate(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship
}

fn add_the_rest(ship: &Ship) {
    let up = format!(
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{}CREATE TABLE guests (id INTEGER PRIMARY KEY);\n",
        gate::pass(ship.on)
    );
    ship.catalog()
        .add("v1.1.0_01_pass", &up, "DROP TABLE guests;\nDROP TABLE cabins;\nUPDATE gate SET n = n - 1;")
        .add("v1.2.0_01_trips", "CREATE TABLE trips (id INTEGER PRIMARY KEY);", "DROP TABLE trips;");
}

/// What a run leaves that nothing happens to.
async fn golden(on: On) -> Vec<String> {
    let ship = with_gate(on).await;
    add_the_rest(&ship);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.eye().await.everything().await
}

/// A run whose service was killed while its statement was held; the gate is open again.
async fn killed(on: On) -> (Ship, String) {
    let mut ship = with_gate(on).await;
    add_the_rest(&ship);
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    is_waiting(&mut ship.eye().await, "UPDATE gate%").await;

    ship.kill().await;

    gate.open().await;
    (ship, job)
}

/// The server itself must say that a statement waits. `SQLite` has nobody to ask; there the job's word must do.
async fn is_waiting(eye: &mut Eye, statement: &str) {
    let sql = match eye {
        Eye::Sqlite(_) => return,
        Eye::Postgres(_) => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                .to_owned()
        }
        Eye::MariaDb(_) => format!(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '{statement}' \
             AND id <> CONNECTION_ID()"
        ),
    };
    for _ in 0..600 {
        if eye.number(&sql).await > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no statement like {statement} ever waited");
}

async fn the_next_service_finishes_what_a_killed_one_left(on: On) {
    let (mut ship, job) = killed(on).await;

    ship.serve().await;
    let admin = ship.admin().await;
    let found = eventually("the job is found", async || {
        let found = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
        (found["state"] != "running").then_some(found)
    })
    .await;
    assert_eq!(found["state"], "interrupted", "{found:#}");
    let behind = |health: &Answer| health.status == 200 && health.body["migration_running"] == false;
    let health = admin.health_becomes("looked at", behind).await;
    assert_eq!(health.body["status"], "warning", "{:#}", health.body);
    if on == On::MariaDb {
        assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass"], "finished by itself, and nothing more");
    }

    let finished = goes_on(&admin).await;

    assert_eq!(finished["state"], "succeeded", "{finished:#}");
    ship.database_is_at("1.2.0").await;
    must_be_same(&ship.eye().await.everything().await, &golden(on).await);
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
}

/// Starts again as soon as the server has ended what the dead process left running.
async fn goes_on(admin: &Caller) -> Value {
    let job = eventually("the lock is free", async || {
        let answer = admin.post("/api/migration/start", json!({"snapshot": "never"})).await;
        (answer.status != 409).then(|| answer.accepted())
    })
    .await;
    admin.ended(&job).await
}

async fn the_command_line_finishes_what_a_killed_service_left(on: On) {
    let (ship, job) = killed(on).await;

    ship.cli(&["up", "--wait", "60s", "--snapshot", "never"]).await.exits(0);

    must_be_same(&ship.eye().await.everything().await, &golden(on).await);
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let left = status["recent"].as_array().expect("jobs").iter().find(|other| other["id"] == job.as_str());
    assert_eq!(left.expect("the job")["state"], "interrupted", "{status:#}");
    ship.cli(&["validate"]).await.exits(0);
    ship.cli(&["down"]).await.exits(0);
}

/// Goal: a statement that cannot share a transaction is neither lost nor done twice, nor left half done.
async fn a_statement_outside_a_transaction_is_found_and_finished(on: On) {
    let (statement, down) = match on {
        On::Sqlite => ("CREATE INDEX gate_n ON gate (n);", "DROP INDEX gate_n;"),
        On::Postgres => ("CREATE INDEX CONCURRENTLY gate_n ON gate (n);", "DROP INDEX gate_n;"),
        On::MariaDb => ("ALTER TABLE gate ADD COLUMN m INTEGER NOT NULL DEFAULT 3;", "ALTER TABLE gate DROP COLUMN m;"),
    };
    let fill = |ship: &Ship| {
        let held = if on == On::Sqlite { gate::pass(on) } else { String::new() };
        let up = format!(
            "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{held}{statement}\nCREATE TABLE guests (id INTEGER PRIMARY KEY);\n"
        );
        ship.catalog().add("v1.1.0_01_outside", &up, &format!("DROP TABLE guests;\n{down}\nDROP TABLE cabins;\n"));
        ship.catalog().file("v1.1.0_01_outside", "metadata.json", r#"{"transactional": false}"#);
    };
    let whole = with_gate(on).await;
    fill(&whole);
    whole.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let mut ship = with_gate(on).await;
    fill(&ship);
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_outside").await;
    is_waiting(&mut ship.eye().await, "ALTER TABLE gate%").await;
    if on == On::Sqlite {
        let made = "SELECT count(*) FROM sqlite_schema WHERE name = 'cabins'";
        let is_made = async || (ship.eye().await.number(made).await > 0).then_some(());
        eventually("its first statement is done", is_made).await;
    }

    ship.kill().await;
    gate.open().await;
    ship.serve().await;
    let admin = ship.admin().await;
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;

    must_be_same(&ship.eye().await.everything().await, &whole.eye().await.everything().await);
    if on == On::Postgres {
        let broken = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
        assert_eq!(ship.eye().await.number(broken).await, 0, "an index that is not valid is not done");
    }
}

/// Goal: going back survives a crash as going forward does: the same order again finishes it.
async fn a_rollback_that_was_killed_is_finished(on: On) {
    let mut ship = with_gate(on).await;
    let before = ship.eye().await.everything().await;
    let down = format!("DROP TABLE guests;\n{}DROP TABLE cabins;\n", gate::pass(on));
    let up = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\nCREATE TABLE guests (id INTEGER PRIMARY KEY);\n";
    ship.catalog().add("v1.1.0_01_pass", up, &down);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.post("/api/migration/rollback", json!({"to_version": "1.0.0"})).await.accepted();
    ship.job_is_inside(&job, "taking back v1.1.0_01_pass").await;
    is_waiting(&mut ship.eye().await, "UPDATE gate%").await;

    ship.kill().await;
    gate.open().await;
    // A server that had every statement already may have committed; then "the last run" is the one before.
    let again: &[&str] = if on == On::Postgres { &["down", "--to", "1.0.0"] } else { &["down"] };
    eventually("the lock is free", async || {
        let called = ship.cli(again).await;
        (called.code != 75).then(|| called.exits(0))
    })
    .await;

    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1, "taken back once");
    ship.eye().await.run("UPDATE gate SET n = 0").await;
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.database_is_at("1.0.0").await;
    ship.cli(&["up"]).await.exits(0);
    ship.cli(&["validate"]).await.exits(0);
}

/// The same as [`with_gate`], by a way that can be broken; served.
async fn by_a_proxy(on: On) -> (Ship, crate::harness::proxy::Proxy) {
    let mut ship = with_gate(on).await;
    add_the_rest(&ship);
    let (before, rest) = ship.database.url.split_once("127.0.0.1:").expect("a local server");
    let (port, path) = rest.split_once('/').expect("a database");
    let proxy = crate::harness::proxy::Proxy::to(format!("127.0.0.1:{port}")).await;
    let url = format!("{before}{}/{path}", proxy.address);
    ship.set("target.url", &url);
    ship.serve().await;
    (ship, proxy)
}

/// Goal: nobody waits without end for an answer that cannot come, and the service answers meanwhile.
/// Method: swallow everything that is sent while a statement is held; no connection is closed.
async fn a_network_that_falls_silent_is_noticed(on: On) {
    let (ship, proxy) = by_a_proxy(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    is_waiting(&mut ship.eye().await, "UPDATE gate%").await;

    proxy.swallow();
    let began = std::time::Instant::now();
    let slowest = std::cell::Cell::new(std::time::Duration::ZERO);
    let failed = eventually("the job ends", async || {
        let asked = std::time::Instant::now();
        admin.health().await;
        slowest.set(slowest.get().max(asked.elapsed()));
        let now = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
        (now["state"] != "running").then_some(now)
    })
    .await;
    let took = began.elapsed();
    proxy.mend();
    gate.open().await;

    assert_eq!(failed["problem"]["type"], "target-unreachable", "{failed:#}");
    assert!(took < std::time::Duration::from_mins(1), "{took:?}");
    let slowest = slowest.get();
    assert!(slowest < std::time::Duration::from_secs(5), "health took {slowest:?}");
    let finished = goes_on(&admin).await;
    assert_eq!(finished["state"], "succeeded", "{finished:#}");
    must_be_same(&ship.eye().await.everything().await, &golden(on).await);
}

/// Goal: after a short absence of the server nothing is left open: what is told of the target is the truth.
/// Method: cut every connection, and let them through again at once.
async fn a_server_that_comes_back_is_asked_for_the_truth(on: On) {
    let (ship, proxy) = by_a_proxy(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    is_waiting(&mut ship.eye().await, "UPDATE gate%").await;

    proxy.cut();
    eventually("the service has noticed", async || (admin.health().await.status == 503).then_some(())).await;
    proxy.mend();
    gate.open().await;
    let ended = admin.ended(&job).await;

    let state = ended["problem"]["target_state"].as_str().unwrap_or("succeeded");
    assert!(!state.contains("unknown"), "{ended:#}");
    let finished = goes_on(&admin).await;
    assert_eq!(finished["state"], "succeeded", "{finished:#}");
    must_be_same(&ship.eye().await.everything().await, &golden(on).await);
}

/// Goal: when the connection goes in the middle, nothing is claimed that is not known; and the next run finishes it.
async fn a_connection_that_is_lost_in_the_middle_is_no_failure_for_ever(on: On) {
    let (ship, proxy) = by_a_proxy(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    is_waiting(&mut ship.eye().await, "UPDATE gate%").await;

    proxy.cut();
    let failed = ship.job_ends_as(&job, "failed").await;
    gate.open().await;
    proxy.mend();

    assert_eq!(failed["problem"]["type"], "target-unreachable", "{failed:#}");
    let state = failed["problem"]["target_state"].as_str().expect("words");
    assert!(state.contains("unknown"), "{state}");
    let finished = goes_on(&admin).await;
    assert_eq!(finished["state"], "succeeded", "{finished:#}");
    must_be_same(&ship.eye().await.everything().await, &golden(on).await);
}

/// Goal: a service that starts while its target is away still finishes what was left, by itself, once the target is back.
#[tokio::test]
async fn what_was_left_is_finished_once_the_target_can_be_reached() {
    let on = On::MariaDb;
    let (mut ship, proxy) = by_a_proxy(on).await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.2.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    is_waiting(&mut ship.eye().await, "UPDATE gate%").await;
    ship.kill().await;
    proxy.cut();
    gate.open().await;

    ship.serve().await;
    let admin = ship.admin().await;
    admin.health_becomes("away", |health| health.status == 503).await;
    proxy.mend();

    eventually("it is finished", async || (ship.applied().await.len() == 2).then_some(())).await;
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass"]);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}
