//! `MariaDB`: what the server does not do as one step is run as several, and comes out as it was meant.

use crate::harness::{
    database::On,
    eye::must_be_same,
    interrupted::{while_it_waits, with_gate},
    ship::Ship,
};

async fn with(setup: &str, up: &str) -> Ship {
    let ship = Ship::with_catalog(On::MariaDb).await;
    with_gate(&ship).await;
    ship.eye().await.run(setup).await;
    ship.catalog().add("v1.1.0_01_steps", up, "SELECT 1;");
    ship
}

/// Goal: the plan shows what will run, each statement with its place.
#[tokio::test]
async fn the_plan_shows_each_step_with_its_place() {
    let ship =
        with("CREATE TABLE a (id INT); CREATE TABLE b (id INT)", "SELECT 1;\n\nDROP TABLE a, b;\nTRUNCATE gate;\n")
            .await;

    let plan = ship.cli(&["plan", "--json", "--sql"]).await.exits(0).json();

    let statements = plan["hops"][0]["migrations"][0]["statements"].as_array().expect("statements");
    let shown: Vec<String> = statements
        .iter()
        .map(|one| {
            format!("{} {}", one["place"].as_str().unwrap(), one["sql"].as_str().unwrap().split('`').next().unwrap())
        })
        .collect();
    let place = "v1.1.0_01_steps/up.sql";
    assert_eq!(
        shown,
        [
            format!("{place}:1 SELECT 1"),
            format!("{place}:3 RENAME TABLE a TO "),
            format!("{place}:3 DROP TABLE "),
            format!("{place}:3 RENAME TABLE b TO "),
            format!("{place}:3 DROP TABLE "),
            format!("{place}:4 TRUNCATE gate"),
        ]
    );
    let found = |rule: &str, at: &str| {
        let findings = plan["findings"].as_array().expect("findings");
        findings.iter().any(|finding| finding["rule"] == rule && finding["place"] == format!("{place}:{at}"))
    };
    assert!(found("rewritten", "3") && found("truncates", "4"), "{plan:#}");
}

#[tokio::test]
async fn tables_are_dropped_and_nothing_is_left() {
    let ship = with(
        "CREATE TABLE a (id INT); CREATE TABLE `b c` (id INT); CREATE TRIGGER ta BEFORE INSERT ON a FOR EACH ROW SET NEW.id = 1; \
         CREATE VIEW v AS SELECT 1; CREATE VIEW w AS SELECT 2; CREATE SEQUENCE s; CREATE SEQUENCE s2",
        "DROP TABLE a, `b c`;\nDROP TABLE IF EXISTS nowhere, s2;\nDROP VIEW v, w;\nDROP SEQUENCE s;\n",
    )
    .await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    assert_eq!(ship.eye().await.own_tables().await, ["gate"]);
    assert_eq!(
        ship.eye()
            .await
            .number("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()")
            .await,
        0
    );
    ship.cli(&["validate"]).await.exits(0);
}

/// Goal: what the server refuses leaves everything as it was, foreign keys and their names included.
#[tokio::test]
async fn a_table_that_others_point_to_stays_as_it_was() {
    let setup = "CREATE TABLE a (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES a (id)); \
                 CREATE TABLE c (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id)); \
                 CREATE TRIGGER ta BEFORE INSERT ON a FOR EACH ROW SET NEW.p = NULL";
    for up in [
        "DROP TABLE a;",
        "DROP TABLE IF EXISTS a;",
        "DROP TABLE a, c;",
        "CREATE OR REPLACE TABLE a (id INT PRIMARY KEY);",
    ] {
        let ship = with(setup, up).await;
        let before = ship.eye().await.everything().await;

        let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

        assert_eq!(failed["problem"]["type"], "statement-failed", "{up}: {failed:#}");
        assert!(failed["problem"]["target_state"].as_str().unwrap().contains("as it was before"), "{up}: {failed:#}");
        must_be_same(&ship.eye().await.everything().await, &before);
        let status = ship.cli(&["status", "--json"]).await.exits(0).json();
        assert_eq!(status["unfinished"], serde_json::Value::Null, "{up}: {status:#}");
    }
}

#[tokio::test]
async fn a_table_takes_anothers_place() {
    let ship = with(
        "CREATE TABLE t (id INT); INSERT INTO t VALUES (1), (2); CREATE TABLE p (id INT PRIMARY KEY); \
         CREATE TABLE k (id INT, p INT, CONSTRAINT kp FOREIGN KEY (p) REFERENCES p (id))",
        "CREATE OR REPLACE TABLE t AS SELECT 7 AS n;\nCREATE OR REPLACE TABLE fresh (id INT);\n\
         CREATE OR REPLACE TABLE k (id INT, p INT, q INT, CONSTRAINT kp FOREIGN KEY (p) REFERENCES p (id));\n\
         CREATE OR REPLACE SEQUENCE s START WITH 9;\n",
    )
    .await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    let mut eye = ship.eye().await;
    assert_eq!(eye.own_tables().await, ["fresh", "gate", "k", "p", "t"]);
    assert_eq!(eye.number("SELECT n FROM t").await, 7);
    let keys = "SELECT CAST(constraint_name AS CHAR) FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()";
    assert_eq!(eye.texts(keys).await, ["kp"]);
}

/// Goal: wherever a drop is interrupted, the next run finishes it.
#[tokio::test]
async fn a_drop_that_was_interrupted_is_finished() {
    for happens in [true, false] {
        let ship = with("CREATE TABLE a (id INT)", "DROP TABLE a, gate;\nCREATE TABLE gate (id INT);\n").await;
        while_it_waits(&ship, "RENAME TABLE gate", happens).await;

        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

        assert_eq!(ship.eye().await.own_tables().await, ["gate"]);
        assert_eq!(ship.eye().await.number("SELECT COUNT(*) FROM gate").await, 0);
    }
}

/// Goal: a failed migration does not keep the tables that it put aside.
#[tokio::test]
async fn a_rollback_that_is_refused_keeps_its_table() {
    let ship = Ship::with_catalog(On::MariaDb).await;
    with_gate(&ship).await;
    ship.catalog().add("v1.1.0_01_a", "CREATE TABLE a (id INT PRIMARY KEY);", "DROP TABLE a;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.eye().await.run("CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES a (id))").await;
    let before = ship.eye().await.everything().await;

    let failed = ship.cli(&["down", "--json"]).await.exits(1).json();

    assert_eq!(failed["problem"]["type"], "statement-failed", "{failed:#}");
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.eye().await.run("DROP TABLE c").await;
    ship.cli(&["down", "--steps", "1"]).await.exits(0);
    assert_eq!(ship.eye().await.own_tables().await, ["gate"]);
}
