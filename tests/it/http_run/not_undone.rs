//! A failed migration is told to be taken back only where nothing that was stored can have been lost, or changed elsewhere.

use crate::harness::{
    database::On,
    interrupted::before,
    ship::{Called, Ship},
};

/// A run whose migration fails behind `statements`.
async fn failed(on: On, setup: &str, statements: &str, down: &str) -> Ship {
    let ship = before(on, &format!("{statements};\nALTER TABLE nowhere ADD x INT")).await;
    ship.catalog().file("v1.1.0_01_doubt", "down.sql", down);
    ship.eye().await.run(setup).await;
    let failed: Called = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1);
    let failed = failed.json();
    let state = failed["problem"]["target_state"].as_str().expect("words");
    assert!(state.contains("is interrupted: its first"), "{statements}: {failed:#}");
    ship
}

/// Goes on once the statement that failed can succeed.
async fn goes_on(ship: &Ship) {
    ship.eye().await.run("CREATE TABLE nowhere (id INT)").await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
}

/// Goal: rows that a statement changed elsewhere, itself or by a trigger, are changed once, although it names a table that
/// its migration made.
#[tokio::test]
async fn rows_that_were_changed_elsewhere_are_changed_once() {
    for statements in [
        "CREATE TABLE fresh (id INT);\nINSERT INTO fresh VALUES (1);\nUPDATE fresh JOIN gate ON fresh.id = gate.id SET gate.n = gate.n + 1",
        "CREATE TABLE fresh (id INT);\nINSERT INTO fresh VALUES (1);\nUPDATE fresh, gate SET gate.n = gate.n + 1",
        "CREATE TABLE fresh (id INT);\nCREATE TRIGGER counts AFTER INSERT ON fresh FOR EACH ROW UPDATE gate SET n = n + 1;\n\
         INSERT INTO fresh VALUES (1)",
        "CREATE TABLE fresh (id INT);\nCREATE TRIGGER counts AFTER INSERT ON fresh FOR EACH ROW UPDATE gate SET n = n + 1;\n\
         INSERT INTO fresh VALUES (1);\nDROP TRIGGER counts",
        "CREATE TABLE fresh (id INT);\nINSERT INTO fresh VALUES (counted())",
    ] {
        let counted =
            "CREATE FUNCTION counted() RETURNS INT MODIFIES SQL DATA BEGIN UPDATE gate SET n = n + 1; RETURN 1; END";
        let ship = failed(On::MariaDb, counted, statements, "DROP TABLE guests, cabins, fresh;").await;

        goes_on(&ship).await;

        assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1, "{statements}");
    }
}

/// Goal: what is gone is not told to be back, though the schema looks as it did.
#[tokio::test]
async fn what_was_stored_and_is_gone_is_not_told_to_be_back() {
    for (statements, down) in [
        ("ALTER TABLE gate DROP COLUMN n", "ALTER TABLE gate ADD n INTEGER NOT NULL;"),
        ("ALTER TABLE gate DROP n, ADD m INT", "ALTER TABLE gate ADD n INTEGER NOT NULL, DROP m;"),
        ("ALTER TABLE gate MODIFY n TINYINT", "ALTER TABLE gate MODIFY n INTEGER NOT NULL;"),
        ("ALTER TABLE gate DROP COLUMN n;\nALTER TABLE gate ADD n INTEGER NOT NULL", "SELECT 1;"),
        ("DROP TABLE kept", "CREATE TABLE kept (id INT);"),
        ("CREATE OR REPLACE TABLE kept (id INT)", "SELECT 1;"),
        ("RENAME TABLE kept TO old;\nCREATE TABLE kept (id INT)", "DROP TABLE kept;\nRENAME TABLE old TO kept;"),
        ("RENAME TABLE kept TO old", "CREATE TABLE kept (id INT);\nDROP TABLE old;"),
        ("RENAME TABLE kept TO old, alike TO kept, old TO alike", "SELECT 1;"),
        ("ALTER TABLE kept ADD PARTITION (PARTITION p VALUES LESS THAN (9))", "TRUNCATE kept;"),
    ] {
        let partitions = if statements.contains("PARTITION") {
            "PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (8))"
        } else {
            ""
        };
        let setup = format!(
            "CREATE TABLE kept (id INT) {partitions}; CREATE TABLE alike (id INT); INSERT INTO kept VALUES (7)"
        );
        failed(On::MariaDb, &setup, statements, &format!("DROP TABLE cabins;\n{down}")).await;
    }
}

/// Goal: the same where the down script is the only way back.
#[tokio::test]
async fn a_down_script_that_loses_rows_is_not_believed() {
    for (statements, down) in [
        ("ALTER TABLE gate DROP COLUMN n", "ALTER TABLE gate ADD n INTEGER NOT NULL DEFAULT 0;"),
        ("ALTER TABLE gate ALTER COLUMN n TYPE smallint", "ALTER TABLE gate ALTER COLUMN n TYPE integer;"),
        (
            "ALTER TABLE gate ADD m INT",
            "DROP TABLE gate;\nCREATE TABLE gate (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);",
        ),
        ("ALTER TABLE gate ADD m INT", "ALTER TABLE gate DROP m, DROP n;\nALTER TABLE gate ADD n INTEGER NOT NULL;"),
    ] {
        let statements = format!("{statements};\nCREATE INDEX CONCURRENTLY cabins_id ON cabins (id)");
        let down = format!("DROP INDEX cabins_id;\nDROP TABLE cabins;\n{down}");
        failed(On::Postgres, "SELECT 1", &statements, &down).await;
    }
}
