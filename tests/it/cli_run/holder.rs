//! Who holds the lock is told for every kind of job, and that they live.

use crate::harness::{
    database::On,
    eventually,
    eye::Eye,
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    a_snapshot_and_a_validation_say_who_they_are,
    a_job_on_a_database_without_our_tables_is_told_as_far_as_it_is_known,
);

/// Keeps everybody from reading the tables, as long as it is held; nothing can on an engine whose readers wait for nobody.
async fn shut(ship: &Ship, table: &str) -> Option<Eye> {
    let sql = match ship.on {
        On::Sqlite => return None,
        On::Postgres => format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"),
        On::MariaDb => format!("LOCK TABLES {table} WRITE"),
    };
    let mut eye = ship.eye().await;
    eye.run(&sql).await;
    Some(eye)
}

/// Method: a table is kept from the job; another process asks for the holder until its heart has beaten with what it does.
async fn a_snapshot_and_a_validation_say_who_they_are(on: On) {
    let ship = Ship::with_catalog(on).await;
    let up = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n\
              CREATE TABLE guests (id INTEGER PRIMARY KEY, cabin INTEGER, FOREIGN KEY (cabin) REFERENCES cabins (id));\n";
    ship.catalog().add("v1.0.0_01_cabins", up, "DROP TABLE guests;\nDROP TABLE cabins;\n");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let epoch = "SELECT epoch FROM windlass_lock WHERE id = 1";
    for (words, doing) in [(&["snapshot", "create"][..], "snapshot"), (&["validate"], "validating")] {
        let before = ship.eye().await.number(epoch).await;
        let held = shut(&ship, "guests").await;
        let begun = ship.cli_begun(words);
        if held.is_some() {
            let lock = eventually("the holder tells what it does", async || {
                let status = ship.cli(&["status", "--json"]).await;
                let lock = if status.code == 0 { status.json()["lock"].clone() } else { return None };
                lock["doing"].as_str().is_some_and(|now| now.starts_with(doing)).then_some(lock)
            })
            .await;
            assert_eq!(lock["process"], begun.id().expect("it runs"), "{lock:#}");
            assert!(
                lock["heartbeat"].is_string() && lock["job"].as_str().is_some_and(|job| !job.is_empty()),
                "{lock:#}"
            );
        }
        drop(held);
        Called::ended(begun).await.exits(0);
        assert_eq!(ship.eye().await.number(epoch).await, before + 1, "{words:?} raises the epoch as every holder does");
        let status = ship.cli(&["status", "--json"]).await.exits(0).json();
        assert!(status["lock"].is_null(), "{status:#}");
    }
}

/// Goal: the heart of a run beats on while it restores. Method: a reader keeps the tables from changing places, which nobody can
/// on the other engines.
#[tokio::test]
async fn a_restore_says_what_it_does() {
    let ship = Ship::with_sample(On::MariaDb).await;
    ship.cli(&["up", "--to", "0.4.0", "--snapshot", "never"]).await.exits(0);
    let id = ship.cli(&["snapshot", "create"]).await.exits(0).stdout.trim().to_owned();
    let mut reader = ship.eye().await;
    reader.run("BEGIN").await;
    reader.number("SELECT COUNT(*) FROM gsm_sources").await;
    let begun = ship.cli_begun(&["down", "--snapshot", &id, "--yes"]);

    let lock = eventually("the restore tells what it does", async || {
        let status = ship.cli(&["status", "--json"]).await;
        let lock = if status.code == 0 { status.json()["lock"].clone() } else { return None };
        lock["doing"].as_str().is_some_and(|now| now.starts_with("restoring snapshot")).then_some(lock)
    })
    .await;
    reader.run("COMMIT").await;

    assert_eq!(lock["process"], begun.id().expect("it runs"), "{lock:#}");
    Called::ended(begun).await.exits(0);
}

/// Goal: a job that only looks creates nothing, and is not unknown for that.
async fn a_job_on_a_database_without_our_tables_is_told_as_far_as_it_is_known(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.eye().await.run("CREATE TABLE strangers (id INTEGER PRIMARY KEY)").await;
    let held = shut(&ship, "strangers").await;
    let begun = ship.cli_begun(&["snapshot", "create"]);
    if held.is_some() {
        let lock = eventually("somebody holds the lock", async || {
            let status = ship.cli(&["status", "--json"]).await;
            let lock = if status.code == 0 { status.json()["lock"].clone() } else { return None };
            lock["session"].is_string().then_some(lock)
        })
        .await;
        assert_eq!((&lock["host"], &lock["process"]), (&"".into(), &0.into()), "{lock:#}");
        let told = ship.cli(&["status"]).await.exits(0).stdout;
        assert!(told.contains("a run that has not told its name (session "), "{told}");
    }
    drop(held);
    Called::ended(begun).await.exits(0);
    assert_eq!(ship.eye().await.tables().await, ["strangers"]);
}
