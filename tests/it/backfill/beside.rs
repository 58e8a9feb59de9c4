//! The application works on meanwhile; older databases; the way back.

use super::{BATCHES, COUNTING, add, rows, rows_done, with_cargo};
use crate::harness::{database::On, eventually, on_every_engine};

on_every_engine!(
    what_the_application_writes_meanwhile_is_kept,
    references_are_kept_as_the_application_keeps_them,
    a_database_of_an_older_layout_gains_the_table,
    a_changed_backfill_is_a_changed_migration,
);

/// Goal: no write is lost, and none is changed twice. Rows in front of the cursor are changed like all others, rows behind
/// it are not; there is no row that is changed in part.
async fn what_the_application_writes_meanwhile_is_kept(on: On) {
    let mut ship = with_cargo(on, 4).await;
    ship.eye().await.run("ALTER TABLE cargo ADD COLUMN note INTEGER").await;
    add(&ship, COUNTING);
    ship.set("backfill.max_rows_per_second", "8000");
    let run = ship.cli_begun(&["up"]);
    let mut application = ship.eye().await;
    eventually("it is on its way", async || (rows_done(&ship).await > Some(1_000)).then_some(())).await;
    for number in 1..=40 {
        let (behind, before) = (-number, 20_000 + number);
        application.run(&format!("INSERT INTO cargo (id, n, note) VALUES ({behind}, 0, 7), ({before}, 0, 7)")).await;
        application.run(&format!("UPDATE cargo SET note = 1, n = n + 100 WHERE id = {}", number * 250)).await;
        application.run(&format!("DELETE FROM cargo WHERE id = {}", number * 250 - 1)).await;
    }
    crate::harness::ship::Called::ended(run).await.exits(0);

    let count = |condition: &'static str| rows(&ship, condition);
    assert_eq!(count("note IS NULL AND n <> 1").await, 0);
    assert_eq!(count("id BETWEEN 1 AND 10000").await, 9_960);
    assert_eq!((count("note = 1 AND n = 101").await, count("note = 1").await), (40, 40));
    assert_eq!((count("id < 0 AND n = 0 AND note = 7").await, count("id < 0").await), (40, 40));
    assert_eq!((count("id > 20000 AND n IN (0, 1) AND note = 7").await, count("id > 20000").await), (40, 40));
}

/// Goal: each row's references are looked at by the engine, and none is left dangling.
async fn references_are_kept_as_the_application_keeps_them(on: On) {
    let ship = with_cargo(on, 3).await;
    let mut eye = ship.eye().await;
    eye.run("CREATE TABLE labels (id INTEGER PRIMARY KEY, cargo_id INTEGER NOT NULL, FOREIGN KEY (cargo_id) REFERENCES cargo (id))")
        .await;
    eye.run("INSERT INTO labels VALUES (1, 700)").await;
    add(&ship, "-- windlass:backfill table=cargo batch=100\nDELETE FROM cargo WHERE :range");

    let failed = ship.cli(&["up", "--json"]).await.exits(1).failure();
    eye.run("DELETE FROM labels").await;
    ship.cli(&["up"]).await.exits(0);

    assert!(failed["detail"].as_str().expect("words").to_lowercase().contains("foreign key"), "{failed:#}");
    assert_eq!(rows(&ship, "1 = 1").await, 0);
}

async fn a_database_of_an_older_layout_gains_the_table(on: On) {
    let ship = with_cargo(on, 2).await;
    let mut eye = ship.eye().await;
    eye.run("DROP TABLE windlass_backfill").await;
    eye.run("UPDATE windlass_lock SET layout = 1").await;
    add(&ship, COUNTING);

    ship.cli(&["plan"]).await.exits(0);
    assert!(!eye.tables().await.contains(&"windlass_backfill".to_owned()), "a question creates nothing");
    ship.cli(&["up"]).await.exits(0);

    assert_eq!(rows(&ship, "n = 1").await, 100);
    assert_eq!(eye.number("SELECT layout FROM windlass_lock WHERE id = 1").await, 3);
}

/// Goal: what a backfill does is part of what a migration is; how it is written is not.
async fn a_changed_backfill_is_a_changed_migration(on: On) {
    let ship = with_cargo(on, 1).await;
    add(&ship, COUNTING);
    ship.cli(&["up"]).await.exits(0);

    ship.catalog().file(
        BATCHES,
        "backfill.sql",
        &COUNTING.replace("key=id", "key=id batch=7").replace("UPDATE", "update  "),
    );
    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();
    assert!(plan["findings"].to_string().contains("reformatted"), "{plan:#}");
    for changed in [COUNTING.replace("n + 1", "n + 2"), COUNTING.replace("key=id", "key=n")] {
        ship.catalog().file(BATCHES, "backfill.sql", &changed);
        let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();
        assert_eq!(plan["blocking"][0]["rule"], "changed-after-applied", "{plan:#}");
    }
}
