//! What stands in the file.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use super::{entries, files, must_say_in_order, newest, with_cabins};
use crate::harness::{
    database::On,
    eventually,
    gate::{self, Gate},
    on_every_engine,
    ship::Ship,
};

on_every_engine!(
    a_run_tells_every_step,
    a_run_of_the_service_tells_a_program,
    a_failure_is_told_in_the_database_s_own_words,
    a_process_that_is_killed_leaves_what_was_done_so_far,
    a_rollback_and_a_restore_have_files_of_their_own,
    a_backfill_tells_its_statement,
);

/// Goal: who, what, which versions, the plan, each statement, snapshot, validation and end stand there, in this order, and
/// an administrator is told where; nobody else may read it.
async fn a_run_tells_every_step(on: On) {
    let mut ship = with_cabins(on).await;

    let job = ship.cli(&["up", "--json"]).await.exits(0).json();

    let file = files(&ship).pop().expect("a file");
    assert_eq!(job["log_file"], file.display().to_string(), "{job:#}");
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.ends_with(&format!("-migrate-{}.log", job["id"].as_str().unwrap())), "{name}");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let text = newest(&ship);
    let (first, second) = ("v1.0.0_01_cabins/up.sql:1", "v1.0.0_01_cabins/up.sql:3");
    must_say_in_order(
        &text,
        &[
            "windlass 0.1.0 begins job ",
            "migrate, ordered by cli:ada",
            "target default at ",
            "planned, in this order:\n    v1.0.0_01_cabins\n",
            "at snapshot\n",
            " made: ",
            "at v1.0.0_01_cabins\n",
            first,
            "\n    CREATE TABLE cabins",
            second,
            "\n    INSERT INTO cabins (id, n)\n      VALUES (1, 0)",
        ],
    );
    must_say_in_order(
        &text,
        &["v1.0.0_01_cabins applied in ", "validation: 8 checks, nothing critical", " succeeded in "],
    );
    match on {
        // A message is answered as a whole.
        On::Postgres => must_say_in_order(&text, &["2 statements ran as one message, in "]),
        _ => must_say_in_order(&text, &[&format!("{first} ran in "), &format!("{second} ran in ")]),
    }

    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert_eq!(status["recent"][0]["log_file"], job["log_file"], "{status:#}");
    assert!(ship.cli(&["status"]).await.exits(0).stdout.contains(&name));
    ship.serve().await;
    let logs = ship.admin().await.get("/api/migration/logs?kind=job").await.body.to_string();
    assert!(logs.contains(&name), "{logs}");
    for path in ["/", "/api/system/health", "/api/migration/logs", "/api/migration/status", "/api/migration/progress"] {
        let answer = ship.anybody().get(path).await.body.to_string();
        assert!(!answer.contains("data/logs"), "{path}: {answer}");
    }
}

async fn a_run_of_the_service_tells_a_program(on: On) {
    let mut ship = with_cabins(on).await;
    ship.set("log.format", "json");
    ship.serve().await;
    let admin = ship.admin().await;

    let job = admin.start("1.0.0").await.accepted();
    let job = ship.job_ends_as(&job, "succeeded").await;

    let entries = entries(&fs::read_to_string(job["log_file"].as_str().expect("a file")).unwrap());
    let begin = &entries.iter().find(|entry| entry["job.id"] == job["id"]).expect("a beginning");
    assert_eq!((&begin["job.kind"], &begin["requested_by"]), (&json!("migrate"), &json!("http:grace")), "{begin:#}");
    assert_eq!(begin["order"]["Migrate"]["to"], "1.0.0", "{begin:#}");
    let statements: Vec<_> = entries.iter().filter(|entry| entry.get("statement.sql").is_some()).collect();
    assert_eq!(statements.len(), 2, "{entries:#?}");
    assert_eq!(statements[1]["statement.place"], "v1.0.0_01_cabins/up.sql:3");
    assert_eq!(statements[1]["statement.sql"], "INSERT INTO cabins (id, n)\n  VALUES (1, 0)");
    let timed = entries.iter().filter(|entry| entry["duration_us"].as_u64().is_some_and(|us| us > 0)).count();
    assert_eq!(timed, if on == On::Postgres { 1 } else { 2 }, "{entries:#?}");
    assert!(entries.iter().any(|entry| entry["validation"]["overall"] == true), "{entries:#?}");
    let end = entries.last().unwrap();
    assert!(end["duration_ms"].is_u64() && end["job.id"] == job["id"], "{end:#}");
    assert!(entries.iter().all(|entry| entry["at"].is_string() && entry["level"].is_string()), "{entries:#?}");
}

async fn a_failure_is_told_in_the_database_s_own_words(on: On) {
    let ship = with_cabins(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let up = "INSERT INTO cabins VALUES (2, 0);\nINSERT INTO nowhere VALUES (1);";
    ship.catalog().add("v1.1.0_01_wrong", up, "DELETE FROM cabins WHERE id = 2;");

    let called = ship.cli(&["up", "--snapshot", "never"]).await.exits(1);

    let text = newest(&ship);
    let words = if on == On::Sqlite { "no such table" } else { "nowhere" };
    must_say_in_order(
        &text,
        &["v1.1.0_01_wrong/up.sql:2 failed after ", words, "the target: ", "next: ", " failed in "],
    );
    let file = files(&ship).pop().unwrap().display().to_string();
    assert!(called.stderr.contains(&file), "{}", called.stderr);
}

/// Method: a statement is held open, and the service killed in it.
async fn a_process_that_is_killed_leaves_what_was_done_so_far(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;").add(
        "v1.2.0_01_pass",
        &gate::pass(on),
        "UPDATE gate SET n = n - 1;",
    );
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    admin.start("1.2.0").await.accepted();
    let held = "v1.2.0_01_pass/up.sql:1";
    eventually("the statement is told", async || newest(&ship).contains(held).then_some(())).await;

    ship.kill().await;

    gate.open().await;
    let text = newest(&ship);
    must_say_in_order(&text, &["v1.1.0_01_cabins applied in ", held, "\n    UPDATE gate SET n = n + 1"]);
    assert!(!text.contains("v1.2.0_01_pass applied") && !text.contains("succeeded"), "{text}");
}

async fn a_rollback_and_a_restore_have_files_of_their_own(on: On) {
    let ship = with_cabins(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let id = ship.cli(&["snapshot", "create", "--quiet"]).await.exits(0).stdout.trim().to_owned();

    ship.cli(&["down", "--steps", "1", "--yes"]).await.exits(0);
    must_say_in_order(
        &newest(&ship),
        &[
            "rollback, ordered by",
            "planned, in this order:\n    v1.0.0_01_cabins\n",
            "v1.0.0_01_cabins/down.sql:1",
            "DROP TABLE ",
            "taken back in",
            "validation: ",
        ],
    );
    ship.cli(&["snapshot", "restore", &id, "--yes"]).await.exits(0);

    must_say_in_order(
        &newest(&ship),
        &["restore, ordered by", &format!("restoring snapshot {id}"), " restored", "succeeded"],
    );
    let kinds: Vec<String> = files(&ship)
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_str()?.split('-').nth(1)?.to_owned()))
        .collect();
    assert_eq!(kinds, ["migrate", "rollback", "restore"]);
}

async fn a_backfill_tells_its_statement(on: On) {
    let ship = with_cabins(on).await;
    let backfill = "-- windlass:backfill table=cabins key=id batch=2\n\
        UPDATE cabins SET n = n + 1 WHERE id > :after AND id <= :upto;\n";
    ship.catalog().add("v1.1.0_01_count", "SELECT 1;", "SELECT 1;").file("v1.1.0_01_count", "backfill.sql", backfill);

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    let words = [
        "backfill of cabins by the key id",
        "v1.1.0_01_count/backfill.sql:",
        "UPDATE cabins SET n = n + 1",
        "1 rows in 1 batches",
    ];
    must_say_in_order(&newest(&ship), &words);
}
