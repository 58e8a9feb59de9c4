//! A migration that needs a lock which somebody keeps: it must not keep the application waiting, and must say for whom it
//! waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{
    PATIENCE,
    database::On,
    eventually,
    eye::Eye,
    on_every_engine,
    ship::{Caller, Ship},
};

on_every_engine!(
    readers_pass_a_migration_that_waits_and_the_holder_is_named,
    a_lock_that_is_never_given_fails_the_migration_and_names_the_holder,
    a_stop_ends_the_waiting_between_two_tries,
);

const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// How much longer than `run.lock_timeout` a reader waits at most, by what is promised.
const PROMISED: Duration = Duration::from_millis(100);

/// A table that is read, and a migration that needs it for itself; beside them a table that nobody locks.
async fn served(on: On, retry: &str) -> Ship {
    let mut ship = made(on, retry).await;
    ship.serve().await;
    ship
}

async fn made(on: On, retry: &str) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add(
        "v1.0.0_01_cabins",
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\nINSERT INTO cabins VALUES (1);\n\
         CREATE TABLE decks (id INTEGER PRIMARY KEY);\nINSERT INTO decks VALUES (1);",
        "DROP TABLE cabins;\nDROP TABLE decks;",
    );
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add(
        "v1.1.0_01_berths",
        "ALTER TABLE cabins ADD COLUMN berths INTEGER;",
        "ALTER TABLE cabins DROP COLUMN berths;",
    );
    ship.set("run.lock_timeout", "1s");
    ship.set("run.lock_retry", retry);
    ship
}

/// Somebody who has a transaction open, and does nothing in it; with what the server calls them.
async fn idler(ship: &Ship) -> (Eye, String) {
    let mut eye = ship.eye().await;
    let id = eye.session_id().await;
    if ship.on == On::Sqlite {
        eye.run("BEGIN IMMEDIATE").await;
    } else {
        eye.run("BEGIN").await;
        eye.texts("SELECT 'a report over all cabins' FROM cabins").await;
    }
    (eye, id)
}

/// The application: asks again and again, and tells the longest time that it ever waited.
fn reader(ship: &Ship, table: &'static str, is_over: &Arc<AtomicBool>) -> tokio::task::JoinHandle<(Duration, u32)> {
    let (database, is_over) = ((ship.database.on, ship.database.url.clone()), is_over.clone());
    tokio::spawn(async move {
        let mut eye = Eye::at(database.0, &database.1).await;
        let (mut longest, mut asked) = (Duration::ZERO, 0);
        while !is_over.load(Ordering::SeqCst) {
            let began = Instant::now();
            eye.number(&format!("SELECT count(*) FROM {table}")).await;
            longest = longest.max(began.elapsed());
            asked += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (longest, asked)
    })
}

/// Whom the job says it waits for.
async fn waiting_for(admin: &Caller, job: &str) -> String {
    eventually("the job tells for whom it waits", async || {
        let now = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
        assert!(now["state"] == "running" || now["state"] == "queued", "{now:#}");
        now["progress"]["waiting_for"].as_str().map(str::to_owned)
    })
    .await
}

/// The holder must be told as whoever runs the database would find it.
fn must_name_the_idler(told: &str, on: On, id: &str) {
    match on {
        On::Sqlite => assert!(told.contains(&format!("process {}", std::process::id())), "{told}"),
        On::Postgres => {
            let is_whole = told.contains(&format!("session {id} of user postgres"))
                && told.contains("idle in transaction")
                && told.contains("a report over all cabins");
            assert!(is_whole, "{told}");
        }
        On::MariaDb => {
            let is_whole =
                told.contains(&format!("session {id} of user root@")) && told.contains("idle in transaction");
            assert!(is_whole, "{told}");
        }
    }
}

/// Goal: between its tries a waiting migration lets everybody through, names who is in its way, and goes on when that one
/// has gone. Method: measure each of a reader's waits through several tries, beside those of another one whose table nobody
/// locks: that one waits for the machine alone.
async fn readers_pass_a_migration_that_waits_and_the_holder_is_named(on: On) {
    let ship = served(on, "2m").await;
    let admin = ship.admin().await;
    let (mut idler, id) = idler(&ship).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let (reader, control) = (reader(&ship, "cabins", &is_over), reader(&ship, "decks", &is_over));

    let job = admin.start("1.1.0").await.accepted();
    let told = waiting_for(&admin, &job).await;
    eventually("several tries were made", async || {
        let lines = admin.get(&format!("/api/migration/logs?job={job}")).await.body;
        lines.to_string().contains("so try 4 follows").then_some(())
    })
    .await;
    idler.run("ROLLBACK").await;
    let released = Instant::now();
    let ended = ship.job_ends_as(&job, "succeeded").await;
    let after = released.elapsed();

    is_over.store(true, Ordering::SeqCst);
    let (longest, asked) = reader.await.expect("the reader");
    let (noise, _) = control.await.expect("the other reader");
    let for_the_lock = longest.saturating_sub(noise);
    eprintln!(
        "{on:?}: {asked} reads, the longest {} ms; where nobody locks {} ms; for the lock {} ms of {} + {} ms",
        longest.as_millis(),
        noise.as_millis(),
        for_the_lock.as_millis(),
        LOCK_TIMEOUT.as_millis(),
        PROMISED.as_millis()
    );
    must_name_the_idler(&told, on, &id);
    assert!(for_the_lock <= LOCK_TIMEOUT + PROMISED, "a reader waited {longest:?}, another {noise:?} ({asked} asked)");
    assert!(asked > 20, "{asked}");
    assert!(after < Duration::from_secs(5), "{after:?}");
    assert_eq!(ended["progress"]["waiting_for"], Value::Null, "{ended:#}");
    ship.database_is_at("1.1.0").await;
}

async fn a_lock_that_is_never_given_fails_the_migration_and_names_the_holder(on: On) {
    let ship = served(on, "5s").await;
    let admin = ship.admin().await;
    let before = ship.eye().await.everything().await;
    let (mut idler, id) = idler(&ship).await;

    let job = admin.start("1.1.0").await.accepted();
    let failed = ship.job_ends_as(&job, "failed").await;

    let problem = &failed["problem"];
    assert_eq!(problem["type"], "blocked", "{failed:#}");
    must_name_the_idler(problem["detail"].as_str().expect("words"), on, &id);
    assert!(problem["target_state"].as_str().expect("words").contains("as it was before"), "{problem:#}");
    assert!(problem["next_step"].as_str().expect("words").contains("run.lock_retry"), "{problem:#}");
    idler.run("ROLLBACK").await;
    assert_eq!(ship.eye().await.everything().await, before);
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
}

async fn a_stop_ends_the_waiting_between_two_tries(on: On) {
    let ship = served(on, "10m").await;
    let admin = ship.admin().await;
    let (mut idler, _) = idler(&ship).await;
    let job = admin.start("1.1.0").await.accepted();
    waiting_for(&admin, &job).await;

    admin.post("/api/migration/stop", json!({})).await.accepted();
    let asked = Instant::now();
    ship.job_ends_as(&job, "paused").await;

    assert!(asked.elapsed() < PATIENCE / 4, "{:?}", asked.elapsed());
    idler.run("ROLLBACK").await;
    assert_eq!(ship.applied().await, ["v1.0.0_01_cabins"]);
}

/// Goal: what lets others pass while it waits stays in its queue: a concurrent build that gave up would leave an index that
/// is not valid. Method: keep it waiting for many times `run.lock_timeout`.
#[tokio::test]
async fn a_concurrent_build_stays_in_its_queue() {
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY, n INTEGER);", "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_index", "CREATE INDEX CONCURRENTLY cabins_n ON cabins (n);", "SELECT 1;");
    ship.set("run.lock_timeout", "100ms");
    ship.serve().await;
    let admin = ship.admin().await;
    let mut writer = ship.eye().await;
    writer.run("BEGIN").await;
    writer.run("INSERT INTO cabins VALUES (1, 1)").await;

    let job = admin.start("1.1.0").await.accepted();
    let told = waiting_for(&admin, &job).await;
    eventually("it has waited for long", async || {
        let now = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
        (now["progress"]["elapsed_ms"].as_u64().expect("milliseconds") > 2_000).then_some(())
    })
    .await;
    writer.run("COMMIT").await;
    ship.job_ends_as(&job, "succeeded").await;

    assert!(told.contains("INSERT INTO cabins"), "{told}");
    let lines = admin.get(&format!("/api/migration/logs?job={job}")).await.body.to_string();
    assert!(!lines.contains("follows"), "{lines}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 0);
}

/// Goal: with a rollback journal a reader keeps a commit waiting; it is named as well, and nothing is lost meanwhile.
#[tokio::test]
async fn a_reader_of_a_file_without_wal_is_named() {
    let mut ship = made(On::Sqlite, "2m").await;
    let mut reader = ship.eye().await;
    assert_eq!(reader.texts("PRAGMA journal_mode = DELETE").await, ["delete"]);
    ship.serve().await;
    let admin = ship.admin().await;
    reader.run("BEGIN").await;
    assert_eq!(reader.number("SELECT count(*) FROM cabins").await, 1);

    let job = admin.start("1.1.0").await.accepted();
    let told = waiting_for(&admin, &job).await;
    reader.run("ROLLBACK").await;
    ship.job_ends_as(&job, "succeeded").await;

    must_name_the_idler(&told, On::Sqlite, "");
    ship.database_is_at("1.1.0").await;
}
