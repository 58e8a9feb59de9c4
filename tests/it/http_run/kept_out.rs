//! A large transaction keeps everybody out of a file with `SQLite`'s rollback journal, those who ask for its health as well.

use std::sync::Mutex;

use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::harness::{
    database::On,
    eventually,
    ship::{Answer, Ship},
};

/// Changes more than `SQLite`'s cache holds, so that it goes to the file before the commit, and then counts for longer than a look
/// at health may wait.
const LARGE: &str = "UPDATE cargo SET what = 'sand ' || what;
INSERT INTO cargo (id, what) VALUES (0, (WITH RECURSIVE c (x) AS
  (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000000) SELECT max(x) FROM c));";

/// More answers than there are in the four seconds that a look waits.
const ANSWERS_KEPT_OUT: usize = 40;

/// At 1.0.0 with a rollback journal, served, and known to be well.
async fn with_a_rollback_journal() -> Ship {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("health.interval", "200ms");
    ship.catalog().add(
        "v1.0.0_01_cargo",
        "CREATE TABLE cargo (id INTEGER PRIMARY KEY, what TEXT);",
        "DROP TABLE cargo;",
    );
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let mut connection = alone(&ship).await;
    run(&mut connection, "PRAGMA journal_mode = DELETE").await;
    run(
        &mut connection,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
         INSERT INTO cargo SELECT i, 'rope ' || hex(zeroblob(100)) FROM n",
    )
    .await;
    connection.close().await.unwrap();
    ship.serve().await;
    ship.anybody().health_becomes("well", |health| health.body["status"] == json!("ok")).await;
    ship
}

async fn alone(ship: &Ship) -> SqliteConnection {
    let file = ship.database.url.trim_start_matches("sqlite:");
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.expect("the file opens")
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect("it is done");
}

/// How many answers in a row were of one look, at most.
fn of_one_look(told: &[Answer]) -> usize {
    let looks = told.chunk_by(|one, next| one.body["checked_at"] == next.body["checked_at"]);
    looks.map(<[Answer]>::len).max().unwrap_or_default()
}

/// Goal: health does not die of the very migration that it should report. Method: ask all the time while a migration has the file
/// for itself.
#[tokio::test]
async fn a_run_that_has_the_file_alone_is_a_run() {
    let ship = with_a_rollback_journal().await;
    ship.catalog().add(
        "v1.1.0_01_sand",
        LARGE,
        "UPDATE cargo SET what = substr(what, 6); DELETE FROM cargo WHERE id = 0;",
    );
    let (admin, anybody) = (ship.admin().await, ship.anybody());
    anybody.health_becomes("behind", |health| health.body["migrations_pending"] == json!(true)).await;

    let job = admin.start("1.1.0").await.accepted();
    let told = Mutex::new(Vec::new());
    let ended = eventually("the job ends", async || {
        let health = anybody.health().await;
        told.lock().unwrap().push(health);
        let job = admin.get(&format!("/api/migration/progress?job={job}")).await;
        (job.body["state"] != json!("running") && job.body["state"] != json!("queued")).then_some(job)
    })
    .await;

    let mut told = told.into_inner().unwrap();
    assert_eq!(ended.body["state"], json!("succeeded"), "{:#}", ended.body);
    for health in &told {
        assert_eq!(health.status, 200, "{:#}", health.body);
    }
    told.retain(|health| health.body["migration_running"] == json!(true));
    assert!(of_one_look(&told) > ANSWERS_KEPT_OUT, "{} of {}: the run was not alone", of_one_look(&told), told.len());
    anybody.health_becomes("well again", |health| health.body["actual_db_version"] == json!("1.1.0")).await;
}

/// Goal: what was seen last holds, with the time of that look, while the application has the file for itself; but not for ever.
/// Method: hold it, until health says that the database is away.
#[tokio::test]
async fn another_one_that_has_the_file_alone_makes_health_old_and_then_unknown() {
    let ship = with_a_rollback_journal().await;
    let mut holder = alone(&ship).await;
    run(&mut holder, "BEGIN EXCLUSIVE").await;

    let told = Mutex::new(Vec::new());
    eventually("health says that it does not know", async || {
        let health = ship.anybody().health().await;
        let is_known = health.status == 200;
        told.lock().unwrap().push(health);
        (!is_known).then_some(())
    })
    .await;

    let mut told = told.into_inner().unwrap();
    let last = told.pop().expect("an answer");
    assert_eq!((last.status, &last.body["status"]), (503, &json!("error")), "{:#}", last.body);
    assert!(of_one_look(&told) > ANSWERS_KEPT_OUT, "{} of {}", of_one_look(&told), told.len());

    run(&mut holder, "ROLLBACK").await;
    ship.anybody().health_becomes("well again", |health| health.body["status"] == json!("ok")).await;
}
