//! How much is written at most.

use std::fs;

use chrono::DateTime;
use windlass::{
    config::LogFormat,
    telemetry::{Entry, RUN_LOG_BYTES_MAX, RUN_LOG_LINES_BYTES_MAX, RunLog},
};

use super::newest;
use crate::harness::{
    database::On,
    eventually,
    gate::{self, Gate},
    ship::Ship,
};

/// Goal: behind the limit a statement's place is told, and its text is not, which is said once.
#[tokio::test]
async fn a_file_at_its_limit_has_no_more_texts_of_statements() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = RunLog::to(file.path().to_owned(), file.reopen().unwrap(), LogFormat::Human).unwrap();
    let tell = |message: &str, sql: &str| {
        let entry = Entry { at: DateTime::UNIX_EPOCH, level: "info", message, sql: Some(sql), fields: Vec::new() };
        log.write(&entry).unwrap();
    };
    let large = "x".repeat(64 * 1024);
    while fs::metadata(file.path()).unwrap().len() < RUN_LOG_BYTES_MAX {
        tell("a large one", &large);
    }

    for nth in 1..=3 {
        tell(&format!("up.sql:{nth} begins"), "SELECT 'behind'");
    }
    log.end(DateTime::UNIX_EPOCH).await.unwrap();

    let text = fs::read_to_string(file.path()).unwrap();
    assert_eq!(text.matches("the texts of statements are left out").count(), 1);
    assert_eq!(text.matches(" begins\n").count(), 3);
    assert!(!text.contains("SELECT"));
}

/// Goal: no run makes a file without end; how many entries are left out is said, and how the run ended.
#[tokio::test]
async fn a_file_at_its_last_limit_has_nothing_more_but_the_end() {
    const SPARE_BYTES: u64 = 64 * 1024;
    const BEHIND: usize = 1_000;
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = RunLog::to(file.path().to_owned(), file.reopen().unwrap(), LogFormat::Human).unwrap();
    let tell = |message: &str| {
        let entry = Entry { at: DateTime::UNIX_EPOCH, level: "info", message, sql: None, fields: Vec::new() };
        log.write(&entry).unwrap();
    };
    let filler = "x".repeat(16 * 1024);
    while fs::metadata(file.path()).unwrap().len() < RUN_LOG_LINES_BYTES_MAX {
        tell(&filler);
    }

    for nth in 1..BEHIND {
        tell(&format!("{nth} {filler}"));
    }
    tell("job 1 succeeded");
    log.end(DateTime::UNIX_EPOCH).await.unwrap();

    // As many as waited for the disk when the limit was met are there too.
    let length = fs::metadata(file.path()).unwrap().len();
    assert!(length < RUN_LOG_LINES_BYTES_MAX + SPARE_BYTES, "{length}");
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(
        text.contains("32 MiB") && text.contains("entries are left out here, the last one follows"),
        "no word of it"
    );
    assert!(text.trim_end().ends_with("job 1 succeeded"), "{}", &text[text.len() - 200..]);
}

/// Method: somebody holds the row until the statement was tried twice.
#[tokio::test]
async fn a_statement_that_is_tried_again_is_not_written_out_again() {
    for on in [On::Postgres, On::MariaDb] {
        let mut ship = Ship::with_catalog(on).await;
        ship.set("run.lock_timeout", "1s");
        ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
        ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "UPDATE gate SET n = n - 1;");
        ship.serve().await;
        let gate = Gate::shut(&ship.database).await;
        let job = ship.admin().await.start("1.1.0").await.accepted();
        let again =
            if on == On::Postgres { "1 statements are sent again" } else { "v1.1.0_01_pass/up.sql:1 begins again" };
        eventually("it is tried again", async || newest(&ship).contains(again).then_some(())).await;

        gate.open().await;
        ship.job_ends_as(&job, "succeeded").await;

        let text = newest(&ship);
        assert_eq!(text.matches("\n    UPDATE gate SET n = n + 1").count(), 1, "{text}");
    }
}
