//! What is not done, and what goes wrong.

use serde_json::json;

use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(
    a_dry_run_shows_the_sql_and_changes_nothing,
    a_failure_that_is_not_critical_is_recorded_and_the_run_goes_on,
    a_failing_statement_is_named_and_a_mended_one_goes_on,
    schema_changes_that_failed_halfway_are_taken_back,
    a_change_that_only_a_down_script_knows_is_taken_back_by_it,
    a_changed_migration_is_refused_and_a_reformatted_one_is_not,
);

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\nINSERT INTO cabins VALUES (7);\n";

/// At 1.0.0, served.
async fn at_one(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up"]).await.exits(0);
    ship.serve().await;
    ship
}

async fn a_dry_run_shows_the_sql_and_changes_nothing(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.serve().await;
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/start", json!({"dry_run": true})).await;
    let shown = ship.cli(&["up", "--dry-run"]).await.exits(0).stdout;

    assert_eq!((&job["state"], &job["result"]["dry_run"]), (&json!("succeeded"), &json!(true)), "{job:#}");
    let statements = &job["result"]["migrations"][0]["statements"];
    for sql in ["CREATE TABLE cabins (id INTEGER PRIMARY KEY)", "INSERT INTO cabins VALUES (7)"] {
        assert!(statements.to_string().contains(sql), "{statements:#}");
        assert!(shown.contains(sql), "{shown}");
    }
    assert_eq!(ship.eye().await.tables().await, [""; 0], "not even tables of windlass's own");

    ship.cli(&["up"]).await.exits(0);
    let (before, taken) = (ship.eye().await.everything().await, epoch(&ship).await);
    let back = admin.post_and_wait("/api/migration/rollback", json!({"dry_run": true})).await;
    let gone = if on == On::MariaDb { "RENAME TABLE cabins TO" } else { "DROP TABLE cabins" };
    assert!(back["result"]["migrations"].to_string().contains(gone), "{back:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(epoch(&ship).await, taken, "nobody took the lock for it");
    ship.database_is_at("1.0.0").await;
}

async fn epoch(ship: &Ship) -> i64 {
    ship.eye().await.number("SELECT epoch FROM windlass_lock WHERE id = 1").await
}

async fn a_failure_that_is_not_critical_is_recorded_and_the_run_goes_on(on: On) {
    let ship = at_one(on).await;
    ship.catalog().add("v1.1.0_01_nice_to_have", "INSERT INTO nowhere VALUES (1);", "SELECT 1;").file(
        "v1.1.0_01_nice_to_have",
        "metadata.json",
        r#"{"critical": false}"#,
    );
    ship.catalog().add("v1.1.0_02_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/start", json!({"snapshot": "never"})).await;

    assert_eq!(job["state"], "succeeded", "{job:#}");
    let findings = job["result"]["findings"].to_string();
    assert!(findings.contains("failed-not-critical") && findings.contains("nowhere"), "{findings}");
    let failed = "SELECT name FROM migration_history WHERE NOT success AND error_message LIKE '%nowhere%'";
    assert_eq!(ship.eye().await.texts(failed).await, ["v1.1.0_01_nice_to_have"]);
    assert_eq!(ship.eye().await.own_tables().await, ["cabins", "guests"]);
    ship.database_is_at("1.1.0").await;
    let logs = admin.get("/api/migration/logs?kind=job").await.body.to_string();
    assert!(logs.contains("v1.1.0_01_nice_to_have failed and is not critical"), "{logs}");
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
    ship.cli(&["down"]).await.exits(0);
    assert_eq!(ship.eye().await.own_tables().await, ["cabins"]);
}

/// Goal: whoever reads the problem can go to the line; and what was done is done once, whatever the engine can keep.
async fn a_failing_statement_is_named_and_a_mended_one_goes_on(on: On) {
    let ship = at_one(on).await;
    let up =
        "CREATE TABLE guests (id INTEGER PRIMARY KEY);\nINSERT INTO cabins VALUES (8);\n\nUPDATE nowhere SET n = 1;\n";
    ship.catalog().add("v1.1.0_01_guests", up, "DROP TABLE guests;");
    let before = ship.eye().await.everything().await;
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/start", json!({"snapshot": "never"})).await;

    let problem = &job["problem"];
    assert_eq!((&job["state"], &problem["type"]), (&json!("failed"), &json!("statement-failed")), "{job:#}");
    let detail = problem["detail"].as_str().expect("words");
    assert!(detail.contains("v1.1.0_01_guests/up.sql:4") && detail.contains("nowhere"), "{detail}");
    let state = problem["target_state"].as_str().expect("words");
    if on == On::MariaDb {
        assert!(state.contains("its first 2 statements are done"), "{state}");
        let health = admin.health_becomes("interrupted", |health| health.status == 500).await;
        assert!(health.body["compatibility_reason"].as_str().expect("words").contains("interrupted"));
    } else {
        assert!(state.contains("as it was before"), "{state}");
        must_be_same(&ship.eye().await.everything().await, &before);
    }

    ship.catalog().file(
        "v1.1.0_01_guests",
        "up.sql",
        &up.replace("UPDATE nowhere SET n = 1", "INSERT INTO guests VALUES (2)"),
    );
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM guests").await, 1);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cabins WHERE id = 8").await, 1, "once");
    assert_eq!(ship.applied().await, ["v1.0.0_01_cabins", "v1.1.0_01_guests"]);
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
}

/// Goal: schema changes that an engine keeps one by one are taken back without a down script, where the schema proves it,
/// with the rows that went into tables the migration made.
async fn schema_changes_that_failed_halfway_are_taken_back(on: On) {
    let ship = at_one(on).await;
    let up = "CREATE TABLE guests (id INTEGER PRIMARY KEY, name VARCHAR(40));\n\
              INSERT INTO guests VALUES (1, 'Ada');\nALTER TABLE cabins ADD COLUMN deck VARCHAR(20);\n\
              ALTER TABLE nowhere ADD COLUMN deck VARCHAR(20);\n";
    ship.catalog().file("v1.1.0_01_guests", "up.sql", up);
    let before = ship.eye().await.everything().await;
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/start", json!({"snapshot": "never"})).await;

    assert_eq!(job["state"], "failed", "{job:#}");
    assert!(job["problem"]["detail"].as_str().expect("words").contains("up.sql:4"), "{job:#}");
    assert!(job["problem"]["target_state"].as_str().expect("words").contains("as it was before"), "{job:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.database_is_at("1.0.0").await;
    let health = admin.health_becomes("behind", |health| health.body["migration_running"] == false).await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("warning")), "{:#}", health.body);
}

/// Goal: what is not an addition is taken back by the down script, where the schema proves that it was.
async fn a_change_that_only_a_down_script_knows_is_taken_back_by_it(on: On) {
    let ship = at_one(on).await;
    let up = "ALTER TABLE cabins RENAME COLUMN id TO number;\nALTER TABLE nowhere ADD COLUMN deck VARCHAR(20);\n";
    ship.catalog().add("v1.1.0_01_numbers", up, "ALTER TABLE cabins RENAME COLUMN number TO id;");
    let before = ship.eye().await.everything().await;
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/start", json!({"snapshot": "never"})).await;

    assert_eq!(job["state"], "failed", "{job:#}");
    assert!(job["problem"]["target_state"].as_str().expect("words").contains("as it was before"), "{job:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
}

async fn a_changed_migration_is_refused_and_a_reformatted_one_is_not(on: On) {
    let ship = at_one(on).await;
    let admin = ship.admin().await;
    let guests = |n: u32| format!("CREATE TABLE guests_{n} (id INTEGER PRIMARY KEY);");
    ship.catalog().add("v1.1.0_01_guests", &guests(1), "DROP TABLE guests_1;");

    ship.catalog().file("v1.0.0_01_cabins", "up.sql", &CABINS.replace("(7)", "(8)"));
    let refused = admin.start("1.1.0").await;
    let blocking = &refused.must_be_problem("not-ready", 422)["blocking"][0];
    assert_eq!(
        (&blocking["rule"], &blocking["place"]),
        (&json!("changed-after-applied"), &json!("v1.0.0_01_cabins/up.sql:2"))
    );
    ship.cli(&["plan"]).await.exits(2);

    let reformatted = format!("-- Where guests sleep.\r\n{}", CABINS.replace("CREATE TABLE", "create  table"));
    ship.catalog().file("v1.0.0_01_cabins", "up.sql", &reformatted);
    let plan = admin.get("/api/migration/plan").await.body;
    assert_eq!(plan["ready"], true, "{plan:#}");
    assert!(plan["findings"].to_string().contains("reformatted"), "{plan:#}");

    let applied = ship.eye().await.texts("SELECT checksum FROM migration_history WHERE migration_number = 1").await;
    ship.catalog().file("v1.0.0_01_cabins", "up.sql", &CABINS.replace("(7)", "(8)"));
    ship.catalog().file("v1.0.0_01_cabins", "metadata.json", &json!({"supersedes": applied}).to_string());
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
}

/// Goal: a concurrent build that failed leaves no invalid index, which a second run would take for done.
#[tokio::test]
async fn an_invalid_index_does_not_stay() {
    let ship = at_one(On::Postgres).await;
    let up = "INSERT INTO cabins VALUES (8);\nCREATE UNIQUE INDEX CONCURRENTLY one_only ON cabins ((1));\n";
    ship.catalog().add("v1.1.0_01_index", up, "DROP INDEX one_only;");
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/start", json!({"snapshot": "never"})).await;

    assert_eq!(job["state"], "failed", "{job:#}");
    let indexes = "SELECT count(*) FROM pg_class WHERE relname = 'one_only'";
    assert_eq!(ship.eye().await.number(indexes).await, 0, "no invalid index is left");

    ship.catalog().file("v1.1.0_01_index", "up.sql", &up.replace("((1))", "(id)"));
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    let valid = "SELECT count(*) FROM pg_index WHERE indexrelid = 'one_only'::regclass AND indisvalid";
    assert_eq!(ship.eye().await.number(valid).await, 1);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cabins").await, 2, "the row came once");
}
