//! The drivers tell of no statement, however long one takes: it may hold data, and who reads standard error as JSON expects one
//! document.

use std::time::Duration;

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::harness::{
    database::On,
    gate::{self, Gate},
    interrupted::waits,
    on_every_server,
    ship::{Called, Ship},
};

on_every_server!(a_slow_statement_is_not_told);

/// What the drivers take for slow, and more.
const SLOW_S: f32 = 1.5;

async fn a_slow_statement_is_not_told(on: On) {
    let ship = Ship::with_catalog(on).await;
    let sleep = if on == On::MariaDb { "sleep" } else { "pg_sleep" };
    let slow = format!("SELECT {sleep}({SLOW_S}), 'a passenger';\nINSERT INTO nowhere VALUES (1);");
    ship.catalog().add("v1.0.0_01_slow", &slow, "SELECT 1;");

    let failed = ship.cli(&["up", "--json", "--snapshot", "never"]).await.exits(1);

    assert_eq!(failed.failure()["type"], "urn:windlass:problem:statement-failed");
    assert!(!failed.stderr.contains("a passenger"), "{}", failed.stderr);
}

/// Goal: the same for the control store. Method: another process is at work on it while a run writes down what becomes of it.
#[tokio::test]
async fn a_slow_control_store_is_not_told() {
    let ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let fails = format!("{}\nINSERT INTO nowhere VALUES (1);", gate::pass(On::Postgres));
    ship.catalog().add("v1.1.0_01_pass", &fails, "SELECT 1;");
    let gate = Gate::shut(&ship.database).await;
    let run = ship.cli_begun(&["up", "--json", "--snapshot", "never"]);
    waits(&ship, "%UPDATE gate").await;
    let store = SqliteConnectOptions::new().filename(ship.folder().join("data/windlass.db"));
    let mut other = SqliteConnection::connect_with(&store).await.expect("the control store");

    let at_work = other.begin_with("BEGIN IMMEDIATE").await.expect("the other process is at work");
    gate.open().await;
    tokio::time::sleep(Duration::from_secs_f32(2.0 * SLOW_S)).await;
    at_work.rollback().await.expect("it is done");

    let failed = Called::ended(run).await.exits(1);
    assert_eq!(failed.failure()["type"], "urn:windlass:problem:statement-failed");
}
