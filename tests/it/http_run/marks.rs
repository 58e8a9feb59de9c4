//! What goes wrong around a statement is not the statement's own; what the server refuses of it did not happen.

use std::cell::Cell;

use serde_json::json;

use crate::harness::{
    database::On,
    eventually,
    eye::Eye,
    gate::Gate,
    interrupted::{before, end, goes_on, waits},
    ship::Ship,
};

/// How many columns of the gate are called so.
async fn columns(ship: &Ship, name: &str) -> i64 {
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'gate' \
         AND column_name = '{name}'"
    );
    ship.eye().await.number(&sql).await
}

/// How often it is looked whether something is stopped that should not be.
const LOOKS: u32 = 40;

/// Nothing that begins so is at work on the server, or it was looked so often.
async fn is_over(ship: &Ship, statement: &str, looks: u32) {
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '{statement}%' \
         AND id <> CONNECTION_ID()"
    );
    let looked = Cell::new(0);
    eventually("it is over", async || {
        looked.set(looked.get() + 1);
        (looked.get() > looks || ship.eye().await.number(&sql).await == 0).then_some(())
    })
    .await;
}

/// Goal: a statement that took effect is not run again because its mark was stopped, or was refused.
/// Method: hold the row of its mark, and stop everything at once while the mark waits.
#[tokio::test]
async fn a_mark_that_is_stopped_does_not_undo_what_it_marks() {
    let mut ship = before(On::MariaDb, "ALTER TABLE gate ADD x INT").await;
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    waits(&ship, "ALTER TABLE gate").await;
    let mut other = ship.eye().await;
    other.run("BEGIN").await;
    other.run("SELECT run_id FROM windlass_journal WHERE statement = 2 FOR UPDATE").await;
    gate.open().await;
    waits(&ship, "UPDATE windlass_journal SET state").await;

    admin.post("/api/migration/stop", json!({"mode": "now"})).await.accepted();
    is_over(&ship, "UPDATE windlass_journal SET state", LOOKS).await;
    other.run("ROLLBACK").await;
    let ended = admin.ended(&job).await;

    assert_eq!(ended["state"], "paused", "{ended:#}");
    assert_eq!(columns(&ship, "x").await, 1);
    goes_on(&ship).await;
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
}

/// Goal: a statement to which no lock was given did nothing, whatever somebody else did to its table meanwhile.
/// Method: while it waits, another's change of the same table comes about, and a reader keeps the lock from it.
#[tokio::test]
async fn what_somebody_else_changed_is_not_taken_for_a_statement_that_got_no_lock() {
    let mut ship = before(On::MariaDb, "ALTER TABLE gate ADD ours INT").await;
    ship.set("run.lock_timeout", "4s");
    let mut first = reader(&ship).await;
    let theirs = in_the_background(&ship, "ALTER TABLE gate ADD theirs INT");
    waits(&ship, "ALTER TABLE gate ADD theirs").await;
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.start("1.1.0").await.accepted();
    waits(&ship, "ALTER TABLE gate ADD ours").await;
    let second = tokio::spawn({
        let (on, url) = (ship.on, ship.database.url.clone());
        async move { reading(Eye::at(on, &url).await).await }
    });
    waits(&ship, "SELECT * FROM gate").await;

    first.run("ROLLBACK").await;
    theirs.await.expect("their change");
    let mut second = second.await.expect("the other reader");
    is_over(&ship, "ALTER TABLE gate ADD ours", u32::MAX).await;
    second.run("ROLLBACK").await;
    ship.job_ends_as(&job, "succeeded").await;

    assert_eq!((columns(&ship, "theirs").await, columns(&ship, "ours").await), (1, 1));
    let lines = admin.get(&format!("/api/migration/logs?job={job}")).await.body.to_string();
    assert!(lines.contains("so try 2 follows"), "{lines}");
}

async fn reader(ship: &Ship) -> Eye {
    reading(ship.eye().await).await
}

async fn reading(mut eye: Eye) -> Eye {
    eye.run("BEGIN").await;
    eye.run("SELECT * FROM gate").await;
    eye
}

fn in_the_background(ship: &Ship, sql: &'static str) -> tokio::task::JoinHandle<()> {
    let (on, url) = (ship.on, ship.database.url.clone());
    tokio::spawn(async move { Eye::at(on, &url).await.run(sql).await })
}

/// Goal: the failure of a migration that is not critical is recorded as a whole, or not at all.
/// Method: hold one of the two tables that it is recorded in, and end the run while it waits for it.
#[tokio::test]
async fn a_failure_is_recorded_as_a_whole() {
    let ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_nice", "INSERT INTO nowhere VALUES (1);", "SELECT 1;").file(
        "v1.1.0_01_nice",
        "metadata.json",
        r#"{"critical": false}"#,
    );
    let mut other = ship.eye().await;
    other.run("BEGIN").await;
    other.run("LOCK TABLE schema_version IN SHARE MODE").await;
    let mut run = ship.cli_begun(&["up", "--snapshot", "never"]);
    let session = waits(&ship, "%INSERT INTO schema_version").await;
    run.kill().await.expect("the run can be killed");
    end(&ship, &session).await;
    other.run("ROLLBACK").await;

    assert_eq!(ship.eye().await.number("SELECT count(*) FROM migration_history").await, 1, "nothing was recorded");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM migration_history").await, 2);
    ship.database_is_at("1.1.0").await;
}
