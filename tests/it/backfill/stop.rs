//! Stopping and going on, over HTTP and on the command line; and how fast it may go.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{BATCHES, COUNTING, add, add_with, rows, rows_done, with_cargo};
use crate::harness::{
    database::On,
    eventually, on_every_engine,
    ship::{Called, Caller, Ship},
};

on_every_engine!(
    a_stop_pauses_it_and_a_start_goes_on,
    a_signal_on_the_command_line_pauses_it,
    a_stop_does_not_wait_for_somebody_elses_lock,
    the_limit_of_rows_a_second_is_kept,
    it_waits_while_the_health_query_answers_too_much,
    a_batch_that_waits_too_long_for_a_lock_is_tried_again,
);

/// How soon a stop must be over.
const STOP_MAX: Duration = Duration::from_secs(2);

/// So many rows a second, which makes 10 000 rows take a while.
const SLOWLY: &str = "1000";

async fn served(on: On, digits: u32) -> (Ship, Caller) {
    let mut ship = with_cargo(on, digits).await;
    ship.set("backfill.max_rows_per_second", SLOWLY);
    ship.serve().await;
    let admin = ship.admin().await;
    (ship, admin)
}

async fn progress(admin: &Caller, job: &str) -> Value {
    admin.get(&format!("/api/migration/progress?job={job}")).await.body["progress"].clone()
}

async fn progress_shows(admin: &Caller, job: &str, rows: u64) -> Value {
    eventually("the backfill is on its way", async || {
        let now = progress(admin, job).await;
        (now["rows_done"].as_u64() >= Some(rows)).then_some(now)
    })
    .await
}

/// Method: the pause is timed; what is done by then must be what the status says, and a later start must not do it again.
async fn a_stop_pauses_it_and_a_start_goes_on(on: On) {
    let (ship, admin) = served(on, 4).await;
    add_with(&ship, "ALTER TABLE cargo ADD COLUMN m INTEGER;", &COUNTING.replace("key=id", "key=id batch=50"));
    let job = admin.start("1.1.0").await.accepted();
    let now = progress_shows(&admin, &job, 200).await;

    let asked = Instant::now();
    admin.post("/api/migration/stop", json!({})).await.accepted();
    let paused = ship.job_ends_as(&job, "paused").await;
    let took = asked.elapsed();

    assert!(took < STOP_MAX, "{took:?}");
    assert_eq!(now["statement"], format!("{BATCHES}/backfill.sql:2"));
    assert_eq!(
        (&now["completed"], &now["total"], &now["rows_total"]),
        (&json!(1), &json!(2), &json!(10_000)),
        "{now:#}"
    );
    assert!(now["rate"].as_f64().is_some_and(|rate| rate > 0.0 && rate < 1_500.0), "{now:#}");
    assert!(now["estimated_end"].is_string() && now["percentage"].as_f64() > Some(50.0), "{now:#}");
    let done = rows(&ship, "n = 1").await;
    assert_eq!(rows_done(&ship).await, Some(done));
    assert!(done < 10_000 && paused["problem"].is_null(), "{paused:#}");
    let status = admin.get("/api/migration/status").await.body;
    assert_eq!(status["unfinished"]["backfill"]["rows_done"], done, "{status:#}");
    let health = admin.health_becomes("interrupted", |health| health.status == 500).await;
    assert!(health.body["compatibility_reason"].as_str().expect("words").contains("interrupted"), "{:#}", health.body);
    let plan = admin.get("/api/migration/plan").await.body;
    let found = plan["findings"].as_array().expect("findings").iter().find(|found| found["rule"] == "interrupted");
    let message = found.expect("a finding")["message"].as_str().expect("words").to_owned();
    assert!(message.contains(&format!("{done} of about 10000 rows of its backfill of cargo")), "{message}");

    ship.eye().await.run("DELETE FROM cargo WHERE id > 5000").await;
    let again = admin.start("1.1.0").await.accepted();
    let ended = ship.job_ends_as(&again, "succeeded").await;

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (5_000, 0), "{ended:#}");
    ship.database_is_at("1.1.0").await;
}

async fn a_signal_on_the_command_line_pauses_it(on: On) {
    let mut ship = with_cargo(on, 4).await;
    ship.set("backfill.max_rows_per_second", SLOWLY);
    add(&ship, COUNTING);
    let run = ship.cli_begun(&["up"]);
    eventually("some rows are done", async || (rows_done(&ship).await > Some(0)).then_some(())).await;

    let asked = Instant::now();
    crate::harness::signal("INT", run.id().expect("it runs")).await;
    Called::ended(run).await;
    let took = asked.elapsed();

    assert!(took < STOP_MAX, "{took:?}");
    let done = rows(&ship, "n = 1").await;
    assert_eq!(rows_done(&ship).await, Some(done));
    assert!((1..10_000).contains(&done), "{done}");
    ship.set("backfill.max_rows_per_second", "0");
    ship.cli(&["up"]).await.exits(0);
    assert_eq!(rows(&ship, "n = 1").await, 10_000);
}

/// Method: somebody holds every row; the patience for locks is a minute, that for a stop is not.
async fn a_stop_does_not_wait_for_somebody_elses_lock(on: On) {
    let (mut ship, admin) = served(on, 4).await;
    add(&ship, COUNTING);
    let job = admin.start("1.1.0").await.accepted();
    progress_shows(&admin, &job, 100).await;
    let mut holder = ship.eye().await;
    holder.run("BEGIN").await;
    holder.run("UPDATE cargo SET n = n").await;

    let asked = Instant::now();
    admin.post("/api/migration/stop", json!({})).await.accepted();
    ship.job_ends_as(&job, "paused").await;
    let took = asked.elapsed();
    holder.run("ROLLBACK").await;

    assert!(took < STOP_MAX, "{took:?}");
    assert_eq!(rows_done(&ship).await, Some(rows(&ship, "n = 1").await));
    ship.set("backfill.max_rows_per_second", "0");
    ship.cli(&["up"]).await.exits(0);
    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (10_000, 0));
}

/// Method: how long it must take at least follows from the rows; no batch is larger than a second's worth.
async fn the_limit_of_rows_a_second_is_kept(on: On) {
    let (ship, admin) = served(on, 3).await;
    ship.eye().await.run("DELETE FROM cargo WHERE id > 700").await;
    add(&ship, &COUNTING.replace("key=id", "key=id batch=100"));

    let job = admin.post_and_wait("/api/migration/start", json!({"to": "1.1.0", "snapshot": "never"})).await;

    assert_eq!((job["state"].as_str(), rows(&ship, "n = 1").await), (Some("succeeded"), 700), "{job:#}");
    let took = job["result"]["migrations"][0]["execution_time_ms"].as_u64().expect("a time");
    assert!(took >= 300, "700 rows at 1000 a second took {took} ms");
}

async fn it_waits_while_the_health_query_answers_too_much(on: On) {
    let mut ship = with_cargo(on, 3).await;
    ship.eye().await.run("CREATE TABLE standbys (seconds INTEGER)").await;
    ship.eye().await.run("INSERT INTO standbys VALUES (9)").await;
    add(&ship, COUNTING);
    ship.set("backfill.health_query", "SELECT max(seconds) FROM standbys");
    ship.set("backfill.health_max", "5");
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.start("1.1.0").await.accepted();
    eventually("it waits", async || {
        let waits = progress(&admin, &job).await["waiting_for"].clone();
        (waits == "backfill.health_query to answer 5 or less").then_some(())
    })
    .await;
    assert_eq!(rows(&ship, "n = 0").await, 1_000);

    admin.post("/api/migration/stop", json!({})).await.accepted();
    ship.job_ends_as(&job, "paused").await;
    let again = admin.start("1.1.0").await.accepted();
    ship.eye().await.run("UPDATE standbys SET seconds = 5").await;
    ship.job_ends_as(&again, "succeeded").await;

    assert_eq!(rows(&ship, "n = 1").await, 1_000);
    ship.catalog().file("v1.2.0_01_more", "up.sql", "SELECT 1;").file("v1.2.0_01_more", "backfill.sql", COUNTING);
    ship.set("backfill.health_query", "SELECT nonsense FROM nowhere");
    let failed = ship.cli(&["up", "--json"]).await.exits(1).failure();
    let detail = failed["detail"].as_str().expect("words");
    assert!(detail.contains("backfill.health_query: the database refused"), "{detail}");
    ship.set("backfill.health_query", "SELECT max(seconds) FROM standbys WHERE seconds > 99;");
    ship.cli(&["up"]).await.exits(0);
    assert_eq!(rows(&ship, "n = 2").await, 1_000);
}

/// Method: a row is held for longer than a batch may wait, and let go once the batch was tried again.
async fn a_batch_that_waits_too_long_for_a_lock_is_tried_again(on: On) {
    let mut ship = with_cargo(on, 4).await;
    add(&ship, COUNTING);
    ship.set("run.lock_timeout", "1s");
    ship.set("backfill.max_rows_per_second", "5000");
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.start("1.1.0").await.accepted();
    progress_shows(&admin, &job, 500).await;
    let mut holder = ship.eye().await;
    holder.run(if on == On::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await;
    holder.run("UPDATE cargo SET n = n WHERE id = 10000").await;
    eventually("a batch is tried again", async || {
        let lines = admin.get(&format!("/api/migration/logs?job={job}")).await.body.to_string();
        lines.contains("a batch failed, and is tried again").then_some(())
    })
    .await;

    holder.run("COMMIT").await;
    ship.job_ends_as(&job, "succeeded").await;

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (10_000, 0));
}
