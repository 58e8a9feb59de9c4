//! What a rehearsal measures, where the server tells.

use serde_json::Value;

use super::{rehearsed, with_rows};
use crate::harness::{database::On, on_every_engine};

on_every_engine!(tables_written_anew_are_named_where_the_server_tells, locks_are_named_where_the_server_tells);

/// Goal: a new type writes the table anew, a new index does not; `SQLite` does not tell.
async fn tables_written_anew_are_named_where_the_server_tells(on: On) {
    let ship = with_rows(on).await;
    let (up, down) = match on {
        On::Postgres => (
            "ALTER TABLE berths ALTER COLUMN id TYPE BIGINT;\nCREATE INDEX guests_name ON guests (name);",
            "ALTER TABLE berths ALTER COLUMN id TYPE INTEGER;\nDROP INDEX guests_name;",
        ),
        On::MariaDb => (
            "ALTER TABLE berths MODIFY id BIGINT;\nCREATE INDEX guests_name ON guests (name);",
            "ALTER TABLE berths MODIFY id INTEGER;\nDROP INDEX guests_name ON guests;",
        ),
        On::Sqlite => ("CREATE INDEX guests_name ON guests (name);", "DROP INDEX guests_name;"),
    };
    ship.catalog().add("v1.1.0_01_wide", up, down);

    let report = rehearsed(&ship, &[], 0).await;

    let told = &report["migrations"][0]["rewritten"];
    let expected = if on == On::Sqlite { Value::Null } else { serde_json::json!(["berths"]) };
    assert_eq!(told, &expected, "{report:#}");
}

async fn locks_are_named_where_the_server_tells(on: On) {
    let ship = with_rows(on).await;
    let hold = match on {
        On::Postgres => "SELECT pg_sleep(0.2);",
        On::MariaDb => "SELECT 1;",
        On::Sqlite => {
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT max(i) FROM n;"
        }
    };
    let up = format!(
        "ALTER TABLE guests ADD COLUMN berth INTEGER;\n{hold}\nUPDATE berths SET name = 'bow' WHERE id = 1;\n\
         CREATE TABLE decks (id INTEGER PRIMARY KEY);"
    );
    let down =
        "DROP TABLE decks;\nUPDATE berths SET name = 'fore' WHERE id = 1;\nALTER TABLE guests DROP COLUMN berth;";
    ship.catalog().add("v1.1.0_01_locks", &up, down);

    let report = rehearsed(&ship, &[], 0).await;

    let locks = &report["migrations"][0]["locks"];
    match on {
        On::Postgres => {}
        On::MariaDb => return assert_eq!(modes(locks), [("berths", "IX"), ("guests", "LOCK=NONE")], "{locks:#}"),
        On::Sqlite => {
            let [lock] = locks.as_array().expect("locks").as_slice() else { panic!("one lock: {locks:#}") };
            assert_eq!((&lock["object"], &lock["mode"]), (&"the database".into(), &"write lock".into()));
            let held_ms = lock["held_ms"].as_u64().expect("a time");
            let up_ms = report["migrations"][0]["up_ms"].as_u64().expect("a time");
            return assert!((20..=up_ms).contains(&held_ms), "{held_ms} of {up_ms}");
        }
    }
    let locks = locks.as_array().expect("locks");
    let held_ms = |object: &str, mode: &str| -> Option<u64> {
        locks.iter().find(|lock| lock["object"] == object && lock["mode"] == mode)?["held_ms"].as_u64()
    };
    assert!(held_ms("guests", "AccessExclusiveLock").expect("the ALTER's") >= 200, "{locks:#?}");
    assert!(held_ms("berths", "RowExclusiveLock").expect("the UPDATE's") < 200, "{locks:#?}");
    let others =
        locks.iter().filter(|lock| !["guests", "berths", "berths_pkey"].iter().any(|name| lock["object"] == *name));
    assert_eq!(
        others.collect::<Vec<_>>(),
        [&Value::Null; 0],
        "what is new keeps nobody waiting, and ours are not told"
    );
}

/// Each lock's object and mode.
fn modes(locks: &Value) -> Vec<(&str, &str)> {
    let all = locks.as_array().expect("locks").iter();
    all.map(|lock| (lock["object"].as_str().expect("an object"), lock["mode"].as_str().expect("a mode"))).collect()
}

/// Goal: on MariaDB a change is told with the weakest lock that the server grants it, and where nobody knows, nothing is. Method:
/// one migration for each; the server's own manual says which is which, and the copy's server is asked.
#[tokio::test]
async fn the_lock_of_a_change_is_the_weakest_that_mariadb_grants() {
    const CHANGES: [(&str, &str, Option<&[(&str, &str)]>); 12] = [
        ("ALTER TABLE guests ADD COLUMN age INT -- the last word", "ALTER TABLE guests DROP COLUMN age", Some(NONE)),
        ("ALTER TABLE guests ADD COLUMN b INT, ALGORITHM=INSTANT", "ALTER TABLE guests DROP COLUMN b", Some(NONE)),
        ("CREATE INDEX guests_name ON guests (name)", "DROP INDEX guests_name ON guests", Some(NONE)),
        ("ALTER TABLE guests MODIFY note TEXT", "ALTER TABLE guests MODIFY note VARCHAR(80)", Some(SHARED)),
        (
            "CREATE FULLTEXT INDEX guests_note ON guests (note)",
            "ALTER TABLE guests DROP INDEX guests_note, FORCE",
            Some(SHARED),
        ),
        ("ALTER TABLE guests ADD COLUMN a INT, LOCK=EXCLUSIVE", "ALTER TABLE guests DROP COLUMN a", Some(EXCLUSIVE)),
        (
            "CREATE TRIGGER guests_up BEFORE INSERT ON guests FOR EACH ROW SET NEW.note = 'new'",
            "DROP TRIGGER guests_up",
            Some(EXCLUSIVE),
        ),
        ("CREATE VIEW names AS SELECT name FROM guests", "DROP VIEW names", Some(&[])),
        ("CREATE TABLE decks (id INT PRIMARY KEY)", "DROP TABLE decks", Some(&[])),
        (
            "UPDATE guests SET note = 'seen' WHERE id = 2",
            "UPDATE guests SET note = NULL WHERE id = 2",
            Some(&[("guests", "IX")]),
        ),
        ("ALTER TABLE berths PARTITION BY HASH (id) PARTITIONS 2", "ALTER TABLE berths REMOVE PARTITIONING", None),
        ("RENAME TABLE guests TO visitors", "RENAME TABLE visitors TO guests", Some(EXCLUSIVE)),
    ];
    const NONE: &[(&str, &str)] = &[("guests", "LOCK=NONE")];
    const SHARED: &[(&str, &str)] = &[("guests", "LOCK=SHARED")];
    const EXCLUSIVE: &[(&str, &str)] = &[("guests", "LOCK=EXCLUSIVE")];
    let ship = with_rows(On::MariaDb).await;
    for (at, (up, down, _)) in CHANGES.iter().enumerate() {
        ship.catalog().add(&format!("v1.1.0_{:02}_change_{at}", at + 1), &format!("{up}\n;"), &format!("{down};"));
    }

    let report = rehearsed(&ship, &[], 0).await;

    for (at, (up, _, expected)) in CHANGES.iter().enumerate() {
        let locks = &report["migrations"][at]["locks"];
        match expected {
            Some(expected) => assert_eq!(&modes(locks), expected, "{up}"),
            None => assert!(locks.is_null(), "{up}: {locks}"),
        }
    }
}

/// Goal: a word of ours does not change what a statement does, nor hide why it is refused. Method: a key that the rows do not
/// allow, which the server finds while it builds it under the weak lock.
#[tokio::test]
async fn a_change_that_is_refused_on_mariadb_is_refused_in_its_own_words() {
    let ship = with_rows(On::MariaDb).await;
    ship.catalog().add(
        "v1.1.0_01_same",
        "UPDATE guests SET name = 'Ada';",
        "UPDATE guests SET name = 'Jo' WHERE id = 2;",
    );
    ship.catalog().add(
        "v1.1.0_02_key",
        "ALTER TABLE guests ADD UNIQUE INDEX guests_once (name);",
        "ALTER TABLE guests DROP INDEX guests_once;",
    );

    let called = ship.cli(&["rehearse", "--json"]).await.exits(1);

    let words = called.json()["problem"].to_string();
    assert!(words.contains("Duplicate entry 'Ada'") && words.contains("guests_once"), "{words}");
    assert!(!words.contains("LOCK="), "{words}");
}
