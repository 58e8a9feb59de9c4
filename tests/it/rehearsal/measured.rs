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
        On::MariaDb => return assert!(locks.is_null(), "{locks:#}"),
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
