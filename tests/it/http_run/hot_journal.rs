//! A process died in the middle of a transaction, and `SQLite`'s rollback journal is there for whoever reads next.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::harness::{database::On, ship::Ship};

const ROWS: i64 = 5_000;

fn file_of(ship: &Ship) -> PathBuf {
    PathBuf::from(ship.database.url.trim_start_matches("sqlite:"))
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect("it is done");
}

fn beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}-journal", file.display()))
}

/// A database with a rollback journal at 1.0.0, as a process leaves it that dies while its changes go to the file.
async fn left_in_the_middle() -> Ship {
    let ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add(
        "v1.0.0_01_cargo",
        "CREATE TABLE cargo (id INTEGER PRIMARY KEY, what TEXT);",
        "DROP TABLE cargo;",
    );
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_crew", "CREATE TABLE crew (id INTEGER PRIMARY KEY);", "DROP TABLE crew;");
    let file = file_of(&ship);
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    run(&mut connection, "PRAGMA journal_mode = DELETE").await;
    run(
        &mut connection,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO cargo SELECT i, 'rope ' || hex(zeroblob(50)) FROM n",
    )
    .await;
    // A small cache, so that what is changed goes to the file before the commit.
    run(&mut connection, "PRAGMA cache_size = 10; BEGIN IMMEDIATE; UPDATE cargo SET what = 'sand ' || what").await;
    let aside = file.with_added_extension("aside");
    std::fs::copy(&file, &aside).unwrap();
    let journal = std::fs::read(beside(&file)).expect("a journal");
    run(&mut connection, "ROLLBACK").await;
    connection.close().await.unwrap();
    std::fs::rename(&aside, &file).unwrap();
    std::fs::write(beside(&file), journal).unwrap();
    ship
}

async fn is_as_before(ship: &Ship) {
    let mut eye = ship.eye().await;
    assert_eq!(eye.number("SELECT count(*) FROM cargo").await, ROWS);
    assert_eq!(
        eye.number("SELECT count(*) FROM cargo WHERE what LIKE 'sand%'").await,
        0,
        "the transaction is rolled back"
    );
}

/// Goal: nobody has to open the file with another program first. Method: the commands and the service that only look, each over
/// such a file.
#[tokio::test]
async fn whoever_looks_has_it_rolled_back() {
    for words in [&["status"][..], &["plan"], &["check"], &["validate"]] {
        let ship = left_in_the_middle().await;
        let said = ship.cli(words).await;
        assert!(!said.stderr.contains("read-only"), "windlass {words:?}: {}", said.stderr);
        assert!(!beside(&file_of(&ship)).exists(), "windlass {words:?}");
        is_as_before(&ship).await;
    }

    let mut ship = left_in_the_middle().await;
    ship.serve().await;
    ship.anybody().health_becomes("at 1.0.0", |health| health.body["actual_db_version"] == json!("1.0.0")).await;
    is_as_before(&ship).await;
}

/// Goal: the run that was interrupted goes on by itself. Method: `windlass up` over such a file.
#[tokio::test]
async fn the_next_run_goes_on() {
    let ship = left_in_the_middle().await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    is_as_before(&ship).await;
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM crew").await, 0);
}

/// Goal: where it may not be rolled back, that is what is said, and nothing is lost. Method: a folder that may not be written.
#[tokio::test]
async fn who_may_not_roll_it_back_says_so() {
    let mut ship = left_in_the_middle().await;
    let file = file_of(&ship);
    let folder = file.parent().expect("a folder");
    ship.obey_permissions();
    let may = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    may(&file, 0o400);
    may(folder, 0o500);

    let said = ship.cli(&["status"]).await;

    may(folder, 0o700);
    assert!(said.stderr.contains("died in the middle of a transaction"), "{}", said.stderr);
    assert!(said.stderr.contains("give windlass the right to write"), "{}", said.stderr);
    may(&file, 0o600);
    ship.cli(&["status"]).await.exits(0);
    is_as_before(&ship).await;
}

/// Goal: whoever is kept out by another's large transaction is told to come again, and not that the database is away. Method: with a
/// rollback journal, a transaction that has gone to the file keeps readers out as well.
#[tokio::test]
async fn who_is_kept_out_is_told_to_come_again() {
    let mut ship = left_in_the_middle().await;
    ship.serve().await;
    ship.anybody().health_becomes("at 1.0.0", |health| health.body["actual_db_version"] == json!("1.0.0")).await;
    let options = SqliteConnectOptions::new().filename(file_of(&ship));
    let mut holder = SqliteConnection::connect_with(&options).await.unwrap();
    run(&mut holder, "BEGIN EXCLUSIVE").await;

    for words in [&["status", "--json"][..], &["up", "--json"]] {
        let said = ship.cli(words).await.exits(75).failure();
        assert_eq!(said["type"], json!("urn:windlass:problem:busy"), "{said:#}");
        assert!(said["detail"].as_str().unwrap().contains("database is locked"), "{said:#}");
    }
    let told = ship.admin().await.get("/api/migration/plan").await;
    assert!(told.must_be_problem("busy", 409)["detail"].as_str().unwrap().contains("database is locked"));

    run(&mut holder, "ROLLBACK").await;
    ship.cli(&["status"]).await.exits(0);
}
