//! Health while something happens. That it is 200 and `ok`, or 200 and `warning`, stands in the session.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::harness::{
    database::On,
    gate::{self, Gate},
    on_every_engine,
    outage::Outage,
    ship::{Answer, Ship},
};

on_every_engine!(
    a_run_in_progress_is_a_warning,
    a_newer_database_is_an_error_while_a_run_is_at_work_on_it_too,
    a_snapshot_is_no_run,
    a_database_that_cannot_be_reached_is_a_503_until_it_can,
    the_parts_of_health_tell_of_database_and_migrations,
);

/// Goal: tables and migrations are counted as they are, and a migration that was changed after it was applied is not valid.
async fn the_parts_of_health_tell_of_database_and_migrations(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    let catalog = ship.catalog();
    catalog.add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.cli(&["up"]).await.exits(0);
    catalog.add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    ship.set("app.environment", "staging");
    ship.serve().await;
    let anybody = ship.anybody();
    anybody.health_becomes("seen", |health| health.body["pending_count"] == 1).await;

    let all = anybody.get("/api/health").await;
    assert_eq!(
        (all.status, &all.body["status"], &all.body["environment"]),
        (200, &json!("warning"), &json!("staging"))
    );
    assert_eq!((&all.body["version"], &all.body["database"]), (&json!("1.1.0"), &json!("connected")));
    let database = anybody.get("/api/health/database").await;
    assert_eq!((database.status, &database.body["status"]), (200, &json!("ok")));
    assert_eq!(database.body["database"]["collections"], json!({"total": 1}));
    assert!(database.body["database"]["query_time_ms"].is_u64(), "{:#}", database.body);
    let migrations = anybody.get("/api/health/migrations").await.body["migrations"].take();
    assert_eq!(migrations, json!({"total": 2, "executed": 1, "pending": 1, "valid": true}));

    ship.admin().await.start("1.1.0").await.accepted();
    anybody.health_becomes("done", |health| health.body["status"] == "ok").await;
    assert_eq!(anybody.get("/api/health/database").await.body["database"]["collections"]["total"], 2);
    catalog.add("v1.1.0_01_decks", "CREATE TABLE bridges (id INTEGER PRIMARY KEY);", "DROP TABLE bridges;");
    catalog.add("v1.2.0_01_masts", "CREATE TABLE masts (id INTEGER PRIMARY KEY);", "DROP TABLE masts;");
    anybody.health_becomes("read again", |health| health.body["pending_count"] == 1).await;
    let migrations = anybody.get("/api/health/migrations").await.body["migrations"].take();
    assert_eq!(migrations, json!({"total": 3, "executed": 2, "pending": 1, "valid": false}));
}

async fn a_run_in_progress_is_a_warning(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "SELECT 1;");
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();

    let health = admin.health_becomes("running", |health| health.body["migration_running"] == true).await;

    assert_eq!((health.status, &health.body["status"]), (200, &json!("warning")));
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;
    let health = admin.health_becomes("done", |health| health.body["migration_running"] == false).await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("ok")), "{:#}", health.body);
}

/// Goal: an application that does not fit is told of by light and page alike, and that it is being seen to as well.
/// Method: an older release steps a newer database back, through a gate in the way back.
async fn a_newer_database_is_an_error_while_a_run_is_at_work_on_it_too(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.catalog().add("v1.1.0_01_pass", "UPDATE gate SET n = 7;", &gate::pass(on));
    ship.cli(&["up"]).await.exits(0);
    std::fs::remove_dir_all(ship.folder().join("migrations/v1.1.0_01_pass")).expect("a folder");
    ship.serve().await;
    let admin = ship.admin().await;
    let is_error = |health: &Answer| health.status == 500 && health.body["status"] == "error";
    admin.health_becomes("newer", is_error).await;
    let page = admin.get("/").await.body;
    let headline = "<h1 id=\"headline\">The database is newer than the application";
    assert!(page.as_str().is_some_and(|page| page.contains(&format!("{headline}</h1>"))), "{page}");
    let gate = Gate::shut(&ship.database).await;

    let job = admin.post("/api/migration/rollback", json!({"to_version": "1.0.0"})).await.accepted();

    let health = admin.health_becomes("running", |health| health.body["migration_running"] == true).await;
    assert!(is_error(&health), "{} {:#}", health.status, health.body);
    let page = admin.get("/").await.body;
    let words = format!("{headline}, and is being worked on</h1>");
    assert!(page.as_str().is_some_and(|page| page.contains(&words)), "{page}");
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;
    admin.health_becomes("as required", |health| health.body["status"] == "ok").await;
}

/// Goal: a snapshot by schedule does not tell everybody that the system is being updated.
/// Method: a table is kept from the snapshot until health has been looked at behind its begin; readers of `SQLite` wait for nobody.
async fn a_snapshot_is_no_run(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.cli(&["up"]).await.exits(0);
    ship.serve().await;
    let admin = ship.admin().await;
    let mut eye = ship.eye().await;
    match on {
        On::Sqlite => {}
        On::Postgres => eye.run("BEGIN; LOCK TABLE cabins IN ACCESS EXCLUSIVE MODE").await,
        On::MariaDb => eye.run("LOCK TABLES cabins WRITE").await,
    }

    let job = admin.post("/api/migration/snapshot", json!({})).await.accepted();

    let began = admin.get(&format!("/api/migration/progress?job={job}")).await.body["created_at"].take();
    let time = |told: &Value| DateTime::parse_from_rfc3339(told.as_str().expect("a time")).expect("a time");
    let is_no_run =
        |health: &Answer| time(&health.body["checked_at"]) > time(&began) && health.body["migration_running"] == false;
    let health = admin.health_becomes("seen as no run", is_no_run).await;
    assert_eq!(health.body["status"], "ok");
    let job_now = admin.get(&format!("/api/migration/progress?job={job}")).await;
    assert!(on == On::Sqlite || job_now.body["state"] == "running", "{:#}", job_now.body);
    drop(eye);
    ship.job_ends_as(&job, "succeeded").await;
}

/// Goal: an outage is told apart from a fault, breaks nothing, and ends by itself.
/// Method: cut the way to the server; `SQLite` finds a folder where its file should be.
async fn a_database_that_cannot_be_reached_is_a_503_until_it_can(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    let outage = Outage::begins(&mut ship).await;
    ship.serve().await;
    let admin = ship.admin().await;

    let health = admin.health_becomes("out of reach", |health| health.status == 503).await;
    assert_eq!(health.body["status"], "error");
    assert!(!health.body.to_string().contains("127.0.0.1"), "the public is told no address: {:#}", health.body);
    admin.get("/readyz").await.must_be_problem("target-unreachable", 503);
    for path in ["/api/migration/plan", "/api/migration/status"] {
        admin.get(path).await.must_be_problem("target-unreachable", 503);
    }
    for path in ["start", "snapshot", "validate", "rollback"] {
        let answer = admin.post(&format!("/api/migration/{path}"), json!({})).await;
        answer.must_be_problem("target-unreachable", 503);
    }
    assert_eq!(admin.get("/livez").await.status, 200);
    let page = admin.get("/").await.body.to_string();
    assert_eq!(page.matches("<dd>not known</dd>").count(), 4, "{page}");
    assert!(!page.contains("<dd>empty</dd>") && !page.contains("0 of 1"), "{page}");

    let _way = outage.ends();
    admin.health_becomes("back", |health| health.status == 200).await;
    let page = admin.get("/").await.body.to_string();
    assert!(page.contains("<dd>empty</dd>") && page.contains("0 of 1"), "{page}");
    let job = admin.start("1.0.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
}
