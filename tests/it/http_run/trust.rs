//! Rows that no transaction takes back, and servers that may forget, are told of before anything is run.

use serde_json::Value;

use crate::harness::{
    database::On,
    interrupted::with_gate,
    ship::{Called, Ship},
};

const RULE: &str = "rows-not-transactional";

async fn with(up: &str) -> Ship {
    let ship = Ship::with_catalog(On::MariaDb).await;
    with_gate(&ship).await;
    let setup = "CREATE TABLE loose (id INT PRIMARY KEY, n INT) ENGINE=MyISAM; INSERT INTO loose VALUES (1, 0); \
                 CREATE TABLE safe (id INT) ENGINE=InnoDB; CREATE TABLE Ledger (id INT) ENGINE=Aria TRANSACTIONAL=1";
    ship.eye().await.run(setup).await;
    ship.catalog().add("v1.1.0_01_rows", up, "SELECT 1;");
    ship
}

fn found<'a>(plan: &'a Value, rule: &str) -> Vec<&'a Value> {
    plan["findings"].as_array().expect("findings").iter().filter(|finding| finding["rule"] == rule).collect()
}

/// Goal: what could be done twice is not begun, and the way on is told.
#[tokio::test]
async fn rows_that_cannot_be_taken_back_are_not_changed() {
    for (up, table) in [
        ("UPDATE loose SET n = n + 1;", "loose, which is stored by MyISAM"),
        ("INSERT INTO Ledger SELECT id FROM safe;", "Ledger, which is stored by Aria"),
        ("UPDATE safe JOIN loose ON safe.id = loose.id SET safe.id = 2;", "loose"),
    ] {
        let ship = with(up).await;

        let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();

        let told = found(&plan, RULE);
        assert_eq!(told.len(), 1, "{up}: {plan:#}");
        assert_eq!((&told[0]["severity"], &told[0]["place"]), (&"critical".into(), &"v1.1.0_01_rows/up.sql:1".into()));
        assert!(told[0]["message"].as_str().expect("words").contains(table), "{up}: {told:?}");
        let refused: Called = ship.cli(&["up", "--snapshot", "never", "--json"]).await;
        assert_ne!(refused.code, 0, "{refused:?}");
        assert_eq!(ship.eye().await.number("SELECT n FROM loose").await, 0);

        ship.catalog().file("v1.1.0_01_rows", "metadata.json", r#"{"transactional": false}"#);
        let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();
        assert_eq!(found(&plan, RULE)[0]["severity"], "warning", "{plan:#}");
        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    }
}

/// Goal: a backfill over such a table is refused as well.
#[tokio::test]
async fn a_backfill_over_such_a_table_is_not_begun() {
    let ship = with("SELECT 1;").await;
    let backfill = "-- windlass:backfill table=loose key=id batch=10\n\
                    UPDATE loose SET n = n + 1 WHERE id > :after AND id <= :upto;\n";
    ship.catalog().file("v1.1.0_01_rows", "backfill.sql", backfill);

    let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();

    assert_eq!(found(&plan, RULE).len(), 1, "{plan:#}");
}

/// Goal: to read such a table, or to change its schema, is nobody's risk.
#[tokio::test]
async fn such_a_table_may_be_read_and_altered() {
    let ship = with("INSERT INTO safe SELECT id FROM loose;\nSELECT * FROM loose;\nALTER TABLE loose ADD m INT;").await;

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    assert_eq!(found(&plan, RULE).len(), 0, "{plan:#}");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
}

/// Goal: a server that may forget what it acknowledged is named with its setting. The tests' own PostgreSQL syncs nothing.
#[tokio::test]
async fn a_server_that_may_forget_is_named() {
    let ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER);", "DROP TABLE cabins;");

    let plan = ship.cli(&["plan", "--json"]).await.json();

    let told = found(&plan, "may-forget");
    assert_eq!(told.len(), 1, "{plan:#}");
    assert!(told[0]["severity"] == "warning" && told[0]["message"].to_string().contains("fsync = off"), "{told:?}");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    assert_eq!(found(&ship.cli(&["plan", "--json"]).await.json(), "may-forget").len(), 0, "nothing is to be done");
}
