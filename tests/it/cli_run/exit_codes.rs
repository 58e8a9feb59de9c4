//! How the program exits: pipelines decide by it.

use crate::harness::{
    database::On,
    eye::must_be_same,
    gate::{self, Gate},
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    a_fitting_database_is_0_one_behind_1_and_a_newer_one_2,
    a_failed_job_is_1_and_a_refused_one_2,
    a_target_that_cannot_be_reached_is_69,
    another_run_is_75_and_is_named,
    the_loser_waits_and_finds_nothing_left_to_do,
    three_at_once_on_an_empty_database_are_one_run,
    a_database_that_a_newer_windlass_laid_out_is_left_alone,
);

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);";

async fn a_fitting_database_is_0_one_behind_1_and_a_newer_one_2(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.catalog().add("v1.1.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");

    ship.cli(&["check", "--quiet"]).await.exits(1);
    ship.cli(&["up"]).await.exits(0);
    ship.cli(&["check", "--quiet"]).await.exits(0);
    ship.set("app.required_db_version", "1.0.0");

    let check = ship.cli(&["check", "--json"]).await.exits(2).json();
    assert_eq!((&check["standing"], &check["migration_needed"]), (&"ahead".into(), &false.into()), "{check:#}");
    let refused = ship.cli(&["up", "--json"]).await.exits(2).failure();
    assert_eq!(refused["blocking"][0]["rule"], "database-is-newer", "{refused:#}");
}

async fn a_failed_job_is_1_and_a_refused_one_2(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", "INSERT INTO nowhere VALUES (1);", "SELECT 1;");

    let failed = ship.cli(&["up", "--json", "--snapshot", "never"]).await.exits(1);
    let refused = ship.cli(&["up", "--to", "9.9.9", "--json"]).await.exits(2).failure();

    assert_eq!(failed.json()["state"], "failed");
    assert_eq!(failed.failure()["type"], "urn:windlass:problem:statement-failed");
    assert_eq!(refused["blocking"][0]["rule"], "unknown-version", "{refused:#}");
}

async fn a_target_that_cannot_be_reached_is_69(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.set("target.url", &unreachable(&ship));

    for words in [&["up"][..], &["down"], &["check"], &["plan"], &["status"], &["validate"], &["snapshot", "create"]] {
        let failure = ship.cli(&[words, &["--json"]].concat()).await.exits(69).failure();
        assert_eq!(failure["type"], "urn:windlass:problem:target-unreachable", "{words:?} {failure:#}");
        assert!(!failure.to_string().contains("secret"), "{failure:#}");
    }
}

/// Where nobody answers.
fn unreachable(ship: &Ship) -> String {
    match ship.on {
        On::Sqlite => format!("sqlite:{}", ship.folder().join("migrations").display()),
        On::Postgres => "postgres://app:secret@127.0.0.1:1/app".to_owned(),
        On::MariaDb => "mysql://app:secret@127.0.0.1:1/app".to_owned(),
    }
}

#[tokio::test]
async fn a_word_that_is_not_known_is_64() {
    let ship = Ship::with_catalog(On::Sqlite).await;
    for words in [&["sail"][..], &["up", "--sideways"], &["down", "--steps", "0"], &["up", "--to", "1"], &[]] {
        ship.cli(words).await.exits(64);
    }
    let failure = ship.cli(&["sail", "--json"]).await.exits(64).failure();
    assert_eq!(failure["exit_code"], 64);
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_78() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("policy.pathh", "next");
    let failure = ship.cli(&["status", "--json"]).await.exits(78).failure();
    assert!(failure["detail"].as_str().expect("words").contains("policy.path"), "{failure:#}");

    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("target.url", "oracle://nowhere");
    ship.cli(&["status"]).await.exits(78);
    ship.set("target.url", "sqlite:app.db");
    ship.set("catalog.path", "nowhere");
    ship.cli(&["up"]).await.exits(78);
}

/// A run that is held open, over a catalog whose second release passes the gate.
async fn held(ship: &Ship) -> (Gate, tokio::process::Child) {
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(ship.on), "SELECT 1;");
    let gate = Gate::shut(&ship.database).await;
    let first = ship.cli_begun(&["up", "--snapshot", "never", "--json"]);
    crate::harness::eventually("the first run holds the lock", async || {
        let status = ship.cli(&["status", "--json"]).await;
        (status.code == 0 && status.json()["lock"].is_object()).then_some(())
    })
    .await;
    (gate, first)
}

async fn another_run_is_75_and_is_named(on: On) {
    let ship = Ship::with_catalog(on).await;
    let (gate, first) = held(&ship).await;

    let busy = ship.cli(&["up", "--wait", "0s", "--json"]).await.exits(75).failure();

    gate.open().await;
    let first = Called::ended(first).await.exits(0).json();
    assert_eq!(busy["type"], "urn:windlass:problem:busy");
    let detail = busy["detail"].as_str().expect("words");
    assert!(detail.contains(first["id"].as_str().expect("a job")) && detail.contains("process"), "{detail}");
}

async fn the_loser_waits_and_finds_nothing_left_to_do(on: On) {
    let ship = Ship::with_catalog(on).await;
    let (gate, first) = held(&ship).await;

    let second = ship.cli_begun(&["up", "--wait", "60s", "--snapshot", "never"]);
    gate.open().await;
    Called::ended(first).await.exits(0);
    let second = Called::ended(second).await.exits(0);

    assert!(second.stdout.contains("nothing to do: the database is at 1.1.0"), "{second:?}");
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
    let states = ship.cli(&["status", "--json"]).await.exits(0).json()["recent"].clone();
    let ends: Vec<_> = states.as_array().expect("jobs").iter().map(|job| job["state"].clone()).collect();
    assert_eq!(ends, ["succeeded"; 2], "nobody's end is lost to the one who comes next, who had nothing to do");
}

/// Goal: nothing is made twice, not even windlass's own tables and files. Method: begin where there is nothing yet.
async fn three_at_once_on_an_empty_database_are_one_run(on: On) {
    let ship = Ship::with_sample(on).await;
    let words = ["up", "--wait", "80s", "--snapshot", "never", "--json"];

    let begun = [ship.cli_begun(&words), ship.cli_begun(&words), ship.cli_begun(&words)];

    let mut applied = 0;
    for process in begun {
        let job = Called::ended(process).await.exits(0).json();
        applied += job["result"]["migrations"].as_array().expect("a list").len();
    }
    assert_eq!((applied, ship.applied().await.len()), (8, 8));
    ship.cli(&["validate"]).await.exits(0);
}

async fn a_database_that_a_newer_windlass_laid_out_is_left_alone(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");
    ship.eye().await.run("UPDATE windlass_lock SET layout = 99").await;
    let before = ship.eye().await.everything().await;

    for words in [&["up"][..], &["down"], &["plan"], &["status"]] {
        let failure = ship.cli(&[words, &["--json"]].concat()).await.exits(69).failure();
        assert!(failure["detail"].as_str().expect("words").contains("layout 99"), "{failure:#}");
    }

    must_be_same(&ship.eye().await.everything().await, &before);
}
