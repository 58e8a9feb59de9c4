//! Where nothing tells what came of a statement, and where a failed run was interrupted while it was taken back.

use crate::harness::{
    database::On,
    eventually,
    eye::must_be_same,
    gate::Gate,
    interrupted::{before, end, waits, while_it_waits, while_it_waits_under},
    ship::{Caller, Ship},
};

/// A procedure that commits in the middle, interrupted behind that.
async fn in_doubt() -> Ship {
    let mut ship = before(On::MariaDb, "CALL pass()").await;
    ship.set("policy.snapshot", "always");
    let mut eye = ship.eye().await;
    eye.run(
        "CREATE TABLE seen (n INT); CREATE PROCEDURE pass() BEGIN INSERT INTO seen VALUES (1); CREATE TABLE made (id INT); \
         UPDATE gate SET n = n + 1; END",
    )
    .await;
    while_it_waits(&ship, "UPDATE gate SET n", false).await;
    assert_eq!(eye.number("SELECT COUNT(*) FROM seen").await, 1, "this much was committed");
    ship
}

/// Goal: where nothing tells, nothing is done; every door names the statement, why, and the ways on as commands.
#[tokio::test]
async fn where_nothing_tells_a_person_is_asked_everywhere() {
    let mut ship = in_doubt().await;

    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let left = &status["unfinished"];
    assert_eq!(left["place"], "v1.1.0_01_doubt/up.sql:2", "{left:#}");
    assert_eq!(left["waits_for_a_person"], true, "{left:#}");
    let commands: Vec<&str> =
        left["choices"].as_array().expect("choices").iter().map(|choice| choice["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["windlass up --in-doubt redo", "windlass up --in-doubt done"], "{left:#}");
    let shown = ship.cli(&["status"]).await.exits(0).stdout;
    for words in ["interrupted  v1.1.0_01_doubt", "up.sql:2", "windlass up --in-doubt redo: runs", "CALL pass()"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let shown = ship.cli(&["up", "--dry-run", "--json"]).await.exits(0).json();
    assert!(shown["result"]["findings"].to_string().contains("windlass up --in-doubt redo"), "{shown:#}");
    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();
    assert_eq!(failed["problem"]["type"], "interrupted", "{failed:#}");
    assert!(failed["problem"]["next_step"].as_str().unwrap().contains("windlass up --in-doubt done"), "{failed:#}");
    let plan = ship.cli(&["plan", "--json"]).await.json();
    assert!(plan["findings"].to_string().contains("windlass up --in-doubt redo"), "{plan:#}");

    ship.serve().await;
    let admin = ship.admin().await;
    let health = admin.health_becomes("interrupted", |health| health.status == 500).await;
    let reason = health.body["compatibility_reason"].as_str().expect("words");
    assert!(reason.contains("v1.1.0_01_doubt") && reason.contains("You decide"), "{reason}");
    eventually("the service says why it does not go on", async || ship.log().contains("You decide").then_some(()))
        .await;
    let status = admin.get("/api/migration/status").await.body;
    assert_eq!(status["unfinished"]["waits_for_a_person"], true, "{status:#}");
    let body = serde_json::json!({"in_doubt": "done", "snapshot": "never"});
    let job = admin.post_and_wait("/api/migration/start", body).await;

    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 0, "taken for done, as was said");
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
}

#[tokio::test]
async fn what_a_person_says_is_run_again_is_run_again() {
    let ship = in_doubt().await;
    ship.eye().await.run("DROP TABLE made; DELETE FROM seen").await;

    ship.cli(&["up", "--snapshot", "never", "--in-doubt", "redo"]).await.exits(0);

    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
}

/// Goal: a procedure that somebody wants outside of transactions is asked about when it was interrupted.
#[tokio::test]
async fn a_procedure_outside_transactions_is_asked_about() {
    let ship = before(On::Postgres, "CALL pass()").await;
    ship.eye()
        .await
        .run("CREATE TABLE seen (n INT); CREATE PROCEDURE pass() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (1); COMMIT; \
              UPDATE gate SET n = n + 1; END $$")
        .await;
    while_it_waits(&ship, "CALL pass", false).await;

    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

    assert_eq!(failed["problem"]["type"], "interrupted", "{failed:#}");
    ship.cli(&["up", "--snapshot", "never", "--in-doubt", "redo"]).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}

/// Goal: whoever has to decide is told the very snapshot under the run that was interrupted, though that run never ended.
#[tokio::test]
async fn the_way_back_names_the_snapshot_under_the_run() {
    let ship = before(On::MariaDb, "CALL pass()").await;
    ship.eye()
        .await
        .run("CREATE PROCEDURE pass() BEGIN CREATE TABLE made (id INT); UPDATE gate SET n = n + 1; END")
        .await;
    let before = ship.eye().await.everything().await;
    while_it_waits_under(&ship, &["up", "--snapshot", "always"], "UPDATE gate SET n", false).await;
    let id =
        ship.cli(&["snapshot", "list", "--json"]).await.exits(0).json()[0]["id"].as_str().expect("an id").to_owned();
    let back = format!("windlass down --snapshot {id}");

    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let failed = ship.cli(&["up", "--json"]).await.exits(1).json();

    assert_eq!(status["unfinished"]["choices"][2]["command"], back.as_str(), "{status:#}");
    assert!(failed["problem"]["next_step"].as_str().expect("words").contains(&back), "{failed:#}");
    ship.cli(&["down"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &before);
}

/// Goal: several services that start over one interrupted target finish it once, and none fails.
#[tokio::test]
async fn services_that_start_together_finish_it_once() {
    let mut ship = before(On::MariaDb, "UPDATE gate SET n = n + 1").await;
    while_it_waits(&ship, "UPDATE gate SET n", false).await;

    let mut others: Vec<_> = (0..3).map(|_| ship.cli_begun(&["serve"])).collect();
    ship.serve().await;
    let admin = ship.admin().await;
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;

    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    let status = admin.get("/api/migration/status").await.body;
    let by_itself: Vec<_> = status["recent"]
        .as_array()
        .expect("jobs")
        .iter()
        .chain(status["running"].as_object().map(|_| &status["running"]))
        .filter(|job| job["requested_by"] == "service:windlass")
        .collect();
    assert_eq!(by_itself.len(), 1, "{status:#}");
    for other in &mut others {
        other.kill().await.expect("it can be killed");
    }
}

/// A failed migration whose process died while it was taken back: one of its tables is gone, one is not.
async fn half_back() -> (Ship, Vec<String>) {
    let up = "CREATE TABLE guests2 (id INT);\nALTER TABLE gate ADD x INT;\nALTER TABLE nowhere ADD x INT";
    let ship = before(On::MariaDb, up).await;
    let then = ship.eye().await.everything().await;
    let gate = Gate::shut(&ship.database).await;
    let mut run = ship.cli_begun(&["up", "--snapshot", "never"]);
    waits(&ship, "ALTER TABLE gate").await;
    let mut other = ship.eye().await;
    other.run("BEGIN").await;
    other.run("SELECT * FROM guests2").await;
    gate.open().await;
    let session = waits(&ship, "DROP TABLE `guests2`").await;
    run.kill().await.expect("the run can be killed");
    end(&ship, &session).await;
    other.run("ROLLBACK").await;
    assert_eq!(ship.eye().await.own_tables().await, ["gate", "guests2"], "one is gone, one is not");
    (ship, then)
}

/// Goal: who dies while a failed migration is taken back leaves nothing in between: the next run takes the rest back.
#[tokio::test]
async fn taking_back_that_was_interrupted_is_finished() {
    let (ship, then) = half_back().await;
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert!(status["unfinished"]["next_step"].as_str().expect("words").contains("taken back"), "{status:#}");

    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

    assert_eq!(failed["problem"]["type"], "statement-failed", "{failed:#}");
    must_be_same(&ship.eye().await.everything().await, &then);
    ship.eye().await.run("CREATE TABLE nowhere (id INT)").await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    assert_eq!(ship.eye().await.own_tables().await, ["cabins", "gate", "guests", "guests2", "nowhere"]);
}

/// Waits until a job has tried several times to get a lock.
async fn tries_again(admin: &Caller) {
    eventually("it tries again", async || {
        let lines = admin.get("/api/migration/logs").await.body.to_string();
        lines.contains("so try 3 follows").then_some(())
    })
    .await;
}

/// Goal: to take a failed migration back waits for its locks as the migration itself would.
#[tokio::test]
async fn taking_back_waits_for_its_locks() {
    let up = "CREATE TABLE guests2 (id INT);\nALTER TABLE gate ADD x INT;\nALTER TABLE nowhere ADD x INT";
    let mut ship = before(On::MariaDb, up).await;
    ship.set("run.lock_timeout", "1s");
    let then = ship.eye().await.everything().await;
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    waits(&ship, "ALTER TABLE gate").await;
    let mut other = ship.eye().await;
    other.run("BEGIN").await;
    other.run("SELECT * FROM guests2").await;
    gate.open().await;
    waits(&ship, "DROP TABLE `guests2`").await;
    tries_again(&admin).await;
    other.run("ROLLBACK").await;

    let failed = ship.job_ends_as(&job, "failed").await;

    let state = failed["problem"]["target_state"].as_str().expect("words");
    assert!(state.contains("as it was before"), "{failed:#}");
    must_be_same(&ship.eye().await.everything().await, &then);
}

/// Goal: a build that was killed is mended although somebody keeps its table for a while.
#[tokio::test]
async fn mending_a_build_waits_for_its_locks() {
    let mut ship = before(On::Postgres, "CREATE INDEX CONCURRENTLY gate_n ON gate (n)").await;
    ship.set("run.lock_timeout", "1s");
    while_it_waits(&ship, "CREATE INDEX CONCURRENTLY", false).await;
    let broken = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(ship.eye().await.number(broken).await, 1);
    let gate = Gate::shut(&ship.database).await;
    ship.serve().await;
    let admin = ship.admin().await;

    tries_again(&admin).await;
    gate.open().await;
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;

    assert_eq!(ship.eye().await.number(broken).await, 0);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
}

/// Goal: where somebody has changed what was to be taken back, a person decides, and what they say is done.
#[tokio::test]
async fn what_cannot_be_taken_back_waits_for_a_person() {
    let (ship, _) = half_back().await;
    ship.eye().await.run("ALTER TABLE gate ADD theirs INT").await;

    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

    assert_eq!(failed["problem"]["type"], "interrupted", "{failed:#}");
    assert!(failed["problem"]["next_step"].as_str().expect("words").contains("--in-doubt redo"), "{failed:#}");
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert_eq!(status["unfinished"]["waits_for_a_person"], true, "{status:#}");
    for way in ["windlass up --in-doubt redo", "windlass up --in-doubt done"] {
        assert!(status["unfinished"]["choices"].to_string().contains(way), "{status:#}");
        let plan = ship.cli(&["plan", "--json"]).await.json();
        assert!(plan["findings"].to_string().contains(way), "{plan:#}");
    }
    ship.eye().await.run("CREATE TABLE nowhere (id INT)").await;
    ship.cli(&["up", "--snapshot", "never", "--in-doubt", "redo"]).await.exits(0);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    assert_eq!(ship.eye().await.own_tables().await, ["cabins", "gate", "guests", "guests2", "nowhere"]);
}
