//! What goes with the partitions of MariaDB and MySQL.

use crate::harness::{database::On, ship::Ship};

/// Goal: rows that go with a partition, or out of one, are told and asked for, to the row, and those that stay are not.
#[tokio::test]
async fn rows_of_a_partition_are_lost_with_it() {
    let mut ship = Ship::with_catalog(On::MariaDb).await;
    ship.set("policy.loss", "digest");
    ship.set("policy.snapshot", "never");
    let made = "CREATE TABLE events (id INTEGER, y INTEGER) PARTITION BY RANGE (y) (PARTITION old VALUES LESS THAN (2000), \
                PARTITION `Mid 1` VALUES LESS THAN (2010), PARTITION late VALUES LESS THAN MAXVALUE);";
    ship.catalog().add("v1.0.0_01_events", made, "DROP TABLE events;");
    ship.cli(&["up"]).await.exits(0);
    ship.eye()
        .await
        .run("INSERT INTO events VALUES (1, 1990), (2, 1999), (3, 2005), (4, 2020), (5, 2021), (6, 2022)")
        .await;
    let up = "ALTER TABLE events ADD COLUMN note TEXT;\nALTER TABLE events DROP PARTITION OLD, `Mid 1`;\n\
              ALTER TABLE events TRUNCATE PARTITION late;";
    ship.catalog().add("v1.1.0_01_fewer", up, "SELECT 1;");

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    let items = plan["loss"]["items"].as_array().expect("a list");
    let told: Vec<String> = items
        .iter()
        .map(|item| {
            format!("{} {} {} {} {}", item["count"], item["table"], item["partition"], item["what"], item["place"])
        })
        .collect();
    let line = |count: u8, partition: &str, line: u8| {
        format!("{count} \"events\" \"{partition}\" \"partition_emptied\" \"v1.1.0_01_fewer/up.sql:{line}\"")
    };
    assert_eq!(told, [line(2, "OLD", 2), line(1, "Mid 1", 2), line(3, "late", 3)]);
    let refused = ship.cli(&["up"]).await.exits(1);
    assert!(
        refused.stderr.contains("2 rows of events, partition OLD (v1.1.0_01_fewer/up.sql:2)"),
        "{}",
        refused.stderr
    );
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM events").await, 6);
    let digest = plan["loss"]["digest"].as_str().expect("a digest");
    ship.cli(&["up", "--accept-loss", digest]).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM events").await, 0);
}

/// Goal: rows that were put out of a partition go with the table they are in then, and those that were put into it with the
/// partition. Method: both are dropped; a third partition is emptied by an exchange with a table that stays, and dropped.
#[tokio::test]
async fn rows_that_change_places_with_a_partition_are_followed() {
    let mut ship = Ship::with_catalog(On::MariaDb).await;
    ship.set("policy.snapshot", "never");
    let made = "CREATE TABLE events (id INTEGER, y INTEGER) PARTITION BY RANGE (y) (PARTITION old VALUES LESS THAN (2000), \
                PARTITION mid VALUES LESS THAN (2010), PARTITION late VALUES LESS THAN MAXVALUE);\n\
                CREATE TABLE attic (id INTEGER, y INTEGER);";
    ship.catalog().add("v1.0.0_01_events", made, "DROP TABLE events;\nDROP TABLE attic;");
    ship.cli(&["up"]).await.exits(0);
    let mut eye = ship.eye().await;
    eye.run("INSERT INTO events VALUES (1, 1990), (2, 1999), (3, 2005), (4, 2020)").await;
    eye.run("INSERT INTO attic VALUES (9, 1980)").await;
    let up = "ALTER TABLE events EXCHANGE PARTITION old WITH TABLE attic;\nDROP TABLE attic;\n\
              ALTER TABLE events DROP PARTITION old;\nCREATE TABLE shelf (id INTEGER, y INTEGER);\n\
              ALTER TABLE events EXCHANGE PARTITION mid WITH TABLE shelf;\nALTER TABLE events DROP PARTITION mid;";
    ship.catalog().add("v1.1.0_01_fewer", up, "SELECT 1;");

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    let told: Vec<String> = plan["loss"]["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| format!("{} {} {} {}", item["count"], item["table"], item["partition"], item["place"]))
        .collect();
    assert_eq!(
        told,
        [r#"2 "events" "old" "v1.1.0_01_fewer/up.sql:2""#, r#"1 "attic" null "v1.1.0_01_fewer/up.sql:3""#,]
    );
    let digest = plan["loss"]["digest"].as_str().expect("a digest");
    ship.cli(&["up", "--accept-loss", digest]).await.exits(0);
    assert_eq!(eye.texts("SELECT CONCAT(id) FROM events").await, ["4"]);
    assert_eq!(eye.texts("SELECT CONCAT(id) FROM shelf").await, ["3"]);
}

/// Goal: of a partition that the run makes itself nobody knows what is in it, and what may be counts. Method: rows are moved into a
/// new partition and out of it by an exchange; others are put into a subpartition, and the partition is dropped.
#[tokio::test]
async fn rows_of_a_partition_that_the_run_makes_are_not_forgotten() {
    let mut ship = Ship::with_catalog(On::MariaDb).await;
    ship.set("policy.snapshot", "never");
    let made = "CREATE TABLE events (id INTEGER, y INTEGER) PARTITION BY RANGE (y) (PARTITION late VALUES LESS THAN MAXVALUE);\n\
                CREATE TABLE attic (id INTEGER, y INTEGER);\nCREATE TABLE shelf (id INTEGER, y INTEGER);\n\
                CREATE TABLE tides (id INTEGER, y INTEGER) PARTITION BY RANGE (y) SUBPARTITION BY HASH (id) \
                (PARTITION p0 VALUES LESS THAN (10) (SUBPARTITION s0, SUBPARTITION s1), \
                PARTITION p1 VALUES LESS THAN (20) (SUBPARTITION s2, SUBPARTITION s3));";
    let back = "DROP TABLE tides;\nDROP TABLE shelf;\nDROP TABLE attic;\nDROP TABLE events;";
    ship.catalog().add("v1.0.0_01_events", made, back);
    ship.cli(&["up"]).await.exits(0);
    let mut eye = ship.eye().await;
    eye.run("INSERT INTO events VALUES (1, 1990), (2, 2020)").await;
    eye.run("INSERT INTO shelf VALUES (2, 5), (4, 6), (6, 7)").await;
    let up = "ALTER TABLE events REORGANIZE PARTITION late INTO (PARTITION old VALUES LESS THAN (2000), \
              PARTITION late VALUES LESS THAN MAXVALUE);\n\
              ALTER TABLE events EXCHANGE PARTITION old WITH TABLE attic;\nDROP TABLE attic;\n\
              ALTER TABLE tides EXCHANGE PARTITION s0 WITH TABLE shelf;\nALTER TABLE tides DROP PARTITION p0;";
    ship.catalog().add("v1.1.0_01_fewer", up, "SELECT 1;");

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    let items = plan["loss"]["items"].as_array().expect("a list").iter();
    let told: Vec<String> =
        items.map(|item| format!("{} {} {}", item["count"], item["table"], item["place"])).collect();
    assert_eq!(
        told,
        [
            r#"2 "events" "v1.1.0_01_fewer/up.sql:3""#,
            r#"3 "shelf" "v1.1.0_01_fewer/up.sql:5""#,
            r#"0 "tides" "v1.1.0_01_fewer/up.sql:5""#,
        ]
    );
    let digest = plan["loss"]["digest"].as_str().expect("a digest");
    ship.cli(&["up", "--accept-loss", digest]).await.exits(0);
    assert_eq!(eye.texts("SELECT CONCAT(id) FROM events").await, ["2"]);
    assert_eq!(eye.number("SELECT count(*) FROM tides").await, 0);
}
