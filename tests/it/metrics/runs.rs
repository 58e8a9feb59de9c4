//! What happens must move the right figures.

use serde_json::json;

use super::figures;
use crate::harness::{database::On, eventually, on_every_engine, ship::Ship};

on_every_engine!(
    a_run_with_a_backfill_moves_its_figures_and_no_others,
    a_failure_and_a_drift_are_told_also_by_the_next_process,
    what_a_status_finds_is_told_by_kind_and_with_its_time,
    a_job_that_waits_for_a_lock_is_told_and_its_wait_is_measured,
    an_outage_is_told,
);

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\n\
    INSERT INTO cabins VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);";
const COUNTING: &str = "-- windlass:backfill table=cabins key=id batch=2\n\
    UPDATE cabins SET n = n + 1 WHERE id > :after AND id <= :upto;\n";

/// Goal: every figure of a run is right, to the row. Method: one run of two migrations, with a backfill of seven rows and a
/// snapshot beneath; then a look at that snapshot.
async fn a_run_with_a_backfill_moves_its_figures_and_no_others(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_count", "SELECT 1;", "SELECT 1;").file("v1.1.0_01_count", "backfill.sql", COUNTING);
    ship.serve().await;
    let admin = ship.admin().await;
    admin.health_becomes("seen", |health| health.body["pending_count"] == 1).await;
    let before = figures(&admin).await;
    before.must_be("windlass_migrations_pending", &[], 1.0);
    before.must_be("windlass_jobs_total", &[("kind", "migrate"), ("result", "succeeded")], 0.0);
    before.must_be("windlass_backfill_rows_total", &[], 0.0);
    before.must_be("windlass_database_info", &[("version", "1.0.0"), ("required", "1.1.0")], 1.0);
    before.must_be("windlass_snapshots", &[], 0.0);

    let job = admin.post_and_wait("/api/migration/start", json!({"to": "1.1.0"})).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    admin.post_and_wait("/api/migration/validate", json!({})).await;
    admin.health_becomes("done", |health| health.body["actual_db_version"] == "1.1.0").await;

    let after = eventually("the books are opened again", async || {
        let figures = figures(&admin).await;
        let seen = figures.maybe("windlass_jobs_kept", &[("kind", "validate"), ("state", "succeeded")]);
        (seen == Some(1.0) && figures.value("windlass_snapshots", &[]) > 0.0).then_some(figures)
    })
    .await;
    after.must_be("windlass_backfill_rows_total", &[], 7.0);
    for (kind, ended) in [("migrate", 1.0), ("validate", 1.0), ("rollback", 0.0), ("snapshot", 0.0)] {
        after.must_be("windlass_jobs_total", &[("kind", kind), ("result", "succeeded")], ended);
        after.must_be("windlass_jobs_total", &[("kind", kind), ("result", "failed")], 0.0);
    }
    after.must_be("windlass_job_duration_seconds_count", &[("kind", "migrate")], 1.0);
    assert!(after.value("windlass_job_duration_seconds_sum", &[("kind", "migrate")]) > 0.0);
    // The run of the command line before is in the control store.
    after.must_be("windlass_jobs_kept", &[("kind", "migrate"), ("state", "succeeded")], 2.0);
    after.must_be("windlass_migrations_pending", &[], 0.0);
    after.must_be("windlass_database_compatible", &[], 1.0);
    after.must_be("windlass_database_info", &[("version", "1.1.0")], 1.0);
    assert!(after.maybe("windlass_database_info", &[("version", "1.0.0")]).is_none(), "the old version is still told");
    after.must_be("windlass_snapshots", &[], 1.0);
    after.must_be("windlass_validation_findings", &[("severity", "critical")], 0.0);
    for kind in ["missing", "extra", "different"] {
        after.must_be("windlass_drift_findings", &[("kind", kind)], 0.0);
    }
    after.must_be("windlass_job_running", &[], 0.0);
    let manifest = &admin.get("/api/migration/snapshots").await.body["snapshots"][0];
    after.must_be("windlass_snapshot_last_good_bytes", &[], manifest["payload_bytes"].as_f64().unwrap());
    assert!(after.value("windlass_health_looks_total", &[]) > before.value("windlass_health_looks_total", &[]));
}

async fn a_failure_and_a_drift_are_told_also_by_the_next_process(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_wrong", "INSERT INTO nowhere VALUES (1);", "SELECT 1;");
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "failed").await;
    ship.eye().await.run("CREATE TABLE stowaway (id INTEGER PRIMARY KEY)").await;
    admin.post_and_wait("/api/migration/validate", json!({})).await;

    for process in ["this", "the next"] {
        let admin = ship.admin().await;
        let figures = eventually("the store is asked again", async || {
            let figures = figures(&admin).await;
            (figures.maybe("windlass_drift_findings", &[("kind", "extra")]) == Some(1.0)).then_some(figures)
        })
        .await;
        let failed = [("kind", "migrate"), ("state", "failed")];
        figures.must_be("windlass_jobs_kept", &failed, 1.0);
        assert!(figures.value("windlass_job_last_finished_timestamp_seconds", &failed) > 1.7e9, "{process}");
        let ended = [("kind", "migrate"), ("result", "failed")];
        figures.must_be("windlass_jobs_total", &ended, if process == "this" { 1.0 } else { 0.0 });
        if process == "this" {
            ship.kill().await;
            ship.serve().await;
        }
    }
}

/// Goal: whoever looks for drift, without a validation, has it told; and that all is well again too.
async fn what_a_status_finds_is_told_by_kind_and_with_its_time(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    let view = "CREATE VIEW numbers AS SELECT n FROM cabins";
    let more = format!("{CABINS}\nCREATE INDEX cabins_by_n ON cabins (n);\n{view};");
    ship.catalog().add("v1.0.0_01_cabins", &more, "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.serve().await;
    let admin = ship.admin().await;
    let at_first = figures(&admin).await.value("windlass_drift_last_look_timestamp_seconds", &[]);
    let of_table = if on == On::MariaDb { " ON cabins" } else { "" };
    let mut eye = ship.eye().await;
    eye.run(&format!("DROP INDEX cabins_by_n{of_table}")).await;
    eye.run("CREATE TABLE stowaway (id INTEGER PRIMARY KEY)").await;
    eye.run("CREATE TABLE another (id INTEGER PRIMARY KEY)").await;
    eye.run("DROP VIEW numbers").await;
    eye.run("CREATE VIEW numbers AS SELECT n, id FROM cabins").await;

    let drift = admin.get("/api/migration/status").await.body["drift"].as_array().expect("drift").len();

    let told = figures(&admin).await;
    for (kind, found) in [("missing", 1.0), ("extra", 2.0), ("different", 1.0)] {
        told.must_be("windlass_drift_findings", &[("kind", kind)], found);
    }
    assert_eq!(drift, 4);
    assert!(told.value("windlass_drift_last_look_timestamp_seconds", &[]) > at_first);
    eye.run("DROP TABLE another").await;
    eye.run("DROP TABLE stowaway").await;
    eye.run("CREATE INDEX cabins_by_n ON cabins (n)").await;
    eye.run("DROP VIEW numbers").await;
    eye.run(view).await;
    figures(&admin).await.must_be("windlass_drift_findings", &[("kind", "extra")], 2.0);
    assert_eq!(admin.get("/api/migration/plan").await.status, 200);
    for kind in ["missing", "extra", "different"] {
        figures(&admin).await.must_be("windlass_drift_findings", &[("kind", kind)], 0.0);
    }
}

async fn a_job_that_waits_for_a_lock_is_told_and_its_wait_is_measured(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_berths", "ALTER TABLE cabins ADD COLUMN berths INTEGER;", "SELECT 1;");
    ship.set("run.lock_timeout", "1s");
    ship.serve().await;
    let admin = ship.admin().await;
    let mut holder = ship.eye().await;
    holder.run(if on == On::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await;
    holder.texts("SELECT 'a report' FROM cabins").await;
    let began = std::time::Instant::now();
    let job = admin.start("1.1.0").await.accepted();

    // Seen again and again, so that the look every half second has seen it too.
    for sighting in 0..15 {
        eventually(&format!("the wait is told, {sighting}"), async || {
            let figures = figures(&admin).await;
            figures.must_be("windlass_job_running", &[], 1.0);
            (figures.value("windlass_job_waiting", &[]) > 0.0).then_some(())
        })
        .await;
    }
    holder.run("ROLLBACK").await;
    ship.job_ends_as(&job, "succeeded").await;

    let (figures, all) = (figures(&admin).await, began.elapsed().as_secs_f64());
    assert!(figures.value("windlass_lock_wait_seconds_count", &[]) >= 1.0);
    let waited = figures.value("windlass_lock_wait_seconds_sum", &[]);
    assert!(0.0 < waited && waited < all, "{waited} of {all}");
    figures.must_be("windlass_job_waiting", &[], 0.0);
}

async fn an_outage_is_told(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    let url = match on {
        On::Sqlite => {
            std::fs::create_dir(ship.folder().join("app.db")).unwrap();
            ship.database.url.clone()
        }
        On::Postgres => "postgres://postgres@127.0.0.1:1/app".to_owned(),
        On::MariaDb => "mysql://root@127.0.0.1:1/app".to_owned(),
    };
    ship.set("target.url", &url);
    ship.serve().await;
    let admin = ship.admin().await;

    let figures = eventually("a look has failed", async || {
        let figures = figures(&admin).await;
        (figures.value("windlass_health_look_failures_total", &[]) > 0.0).then_some(figures)
    })
    .await;

    figures.must_be("windlass_target_up", &[], 0.0);
    figures.must_be("windlass_health_status", &[("status", "error")], 1.0);
    figures.must_be("windlass_store_readable", &[], 1.0);
}
