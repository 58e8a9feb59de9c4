//! Which release comes next, and which application fits.

use serde_json::json;

use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(
    a_database_that_lags_is_told_which_release_comes_first,
    an_empty_database_goes_all_the_way_at_once,
    an_application_fits_by_range_when_the_policy_says_so,
    a_newer_database_is_an_error_and_needs_no_migration,
);

/// Three releases.
async fn three(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog()
        .add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;")
        .add("v1.1.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;")
        .add("v1.2.0_01_trips", "CREATE TABLE trips (id INTEGER PRIMARY KEY);", "DROP TABLE trips;");
    ship
}

/// Goal: with the policy `next`, nobody skips a release, and both doors say which one is missing.
async fn a_database_that_lags_is_told_which_release_comes_first(on: On) {
    let mut ship = three(on).await;
    ship.cli(&["up", "--to", "1.0.0"]).await.exits(0);
    ship.set("policy.path", "next");
    ship.serve().await;
    let admin = ship.admin().await;

    let refused = admin.start("1.2.0").await;
    let failure = ship.cli(&["up", "--json"]).await.exits(2).failure();
    ship.cli(&["plan"]).await.exits(2);

    let blocking = &refused.must_be_problem("not-ready", 422)["blocking"][0];
    for finding in [blocking, &failure["blocking"][0]] {
        assert_eq!(finding["rule"], "not-next");
        assert!(finding["message"].as_str().expect("words").contains("only 1.1.0 can come next"), "{finding:#}");
    }
    ship.database_is_at("1.0.0").await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    ship.database_is_at("1.1.0").await;
    ship.cli(&["up"]).await.exits(0);
    ship.database_is_at("1.2.0").await;
    admin.start("1.1.0").await.must_be_problem("not-ready", 422);
}

async fn an_empty_database_goes_all_the_way_at_once(on: On) {
    let mut ship = three(on).await;
    ship.set("policy.path", "next");

    let up = ship.cli(&["up", "--json"]).await;

    // Three releases, one after the other: nothing lies in between that an application could have been at.
    up.exits(0);
    ship.database_is_at("1.2.0").await;
}

async fn an_application_fits_by_range_when_the_policy_says_so(on: On) {
    let mut ship = three(on).await;
    let bounds = r#"{"min_runtime_version": "1.1.0", "max_runtime_version": "1.9.9"}"#;
    ship.catalog().file("v1.2.0_01_trips", "metadata.json", bounds);
    ship.cli(&["up"]).await.exits(0);
    ship.set("app.required_db_version", "1.1.0");

    for (policy, application, code) in
        [("exact", "1.1.5", 2), ("range", "1.1.5", 0), ("range", "1.0.9", 2), ("range", "2.0.0", 2)]
    {
        ship.set("policy.compatibility", policy);
        ship.set("app.version", application);
        let check = ship.cli(&["check", "--json"]).await.exits(code).json();
        assert_eq!(check["compatible"], code == 0, "{check:#}");
    }
}

async fn a_newer_database_is_an_error_and_needs_no_migration(on: On) {
    let mut ship = three(on).await;
    ship.cli(&["up"]).await.exits(0);
    ship.set("app.required_db_version", "1.1.0");
    ship.serve().await;

    let anybody = ship.anybody();
    let health = anybody.health_becomes("seen", |health| health.body["actual_db_version"] == "1.2.0").await;

    assert_eq!((health.status, &health.body["status"]), (500, &json!("error")));
    assert_eq!((&health.body["migration_needed"], &health.body["compatible"]), (&json!(false), &json!(false)));
    assert!(health.body["compatibility_reason"].as_str().expect("words").contains("too old"), "{:#}", health.body);
    let refused = ship.admin().await.post("/api/migration/start", json!({})).await;
    assert_eq!(refused.must_be_problem("not-ready", 422)["blocking"][0]["rule"], "database-is-newer");
}
