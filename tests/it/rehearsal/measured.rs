//! What a rehearsal measures, where the server tells.

use serde_json::Value;

use super::{rehearsed, with_rows};
use crate::harness::{database::On, on_every_engine, ship::Ship};

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

/// Goal: a table written anew is told whatever its name, and one that is not is not. Method: names whose files are called otherwise.
#[tokio::test]
async fn tables_of_any_name_written_anew_are_named_on_mariadb() {
    const NAMES: [&str; 5] = ["a-b c", "aux", "Com1", "com10", "p$#@."];
    let ship = with_rows(On::MariaDb).await;
    let each = |text: &str| NAMES.map(|name| text.replace("$t", &format!("`{name}`"))).concat();
    ship.catalog().add("v1.0.0_02_named", &each("CREATE TABLE $t (id INT, n INT);"), &each("DROP TABLE $t;"));
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add(
        "v1.1.0_01_wide",
        &each("ALTER TABLE $t MODIFY n BIGINT;"),
        &each("ALTER TABLE $t MODIFY n INT;"),
    );
    ship.catalog().add("v1.1.0_02_more", &each("ALTER TABLE $t ADD m INT;"), &each("ALTER TABLE $t DROP m;"));

    let report = rehearsed(&ship, &[], 0).await;

    let mut told: Vec<String> = serde_json::from_value(report["migrations"][0]["rewritten"].clone()).expect("names");
    told.sort_by_key(|name| NAMES.iter().position(|known| known == name));
    assert_eq!(told, NAMES);
    assert_eq!(report["migrations"][1]["rewritten"], serde_json::json!([]));
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

/// What a copy of the whole table is under: MariaDB copies beside writers since 11.2 (release notes, "ALTER TABLE").
async fn lock_of_a_copy(ship: &Ship) -> &'static str {
    let version = ship.eye().await.texts("SELECT VERSION()").await.remove(0);
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let is_online = version.contains("MariaDB") && (parts.next(), parts.next()) >= (Some(11), Some(2));
    if is_online { "LOCK=NONE" } else { "LOCK=SHARED" }
}

/// Goal: on MariaDB a change is told with the weakest lock that the server grants it, and where nobody knows, nothing is. Method:
/// one migration for each; the server's own manual says which is which, and the copy's server is asked.
#[tokio::test]
async fn the_lock_of_a_change_is_the_weakest_that_mariadb_grants() {
    let ship = with_rows(On::MariaDb).await;
    let copy = lock_of_a_copy(&ship).await;
    let of = |mode| Some(vec![("guests", mode)]);
    let changes = [
        ("ALTER TABLE guests ADD COLUMN age INT -- last", "ALTER TABLE guests DROP COLUMN age", of("LOCK=NONE")),
        (
            "ALTER TABLE GUESTS_2 ADD COLUMN age INT",
            "ALTER TABLE GUESTS_2 DROP COLUMN age",
            Some(vec![("GUESTS_2", "LOCK=NONE")]),
        ),
        ("ALTER TABLE guests ADD COLUMN b INT, ALGORITHM=INSTANT", "ALTER TABLE guests DROP COLUMN b", of("LOCK=NONE")),
        ("CREATE INDEX guests_name ON guests (name)", "DROP INDEX guests_name ON guests", of("LOCK=NONE")),
        ("DROP INDEX guests_name ON guests", "CREATE INDEX guests_name ON guests (name)", of("LOCK=NONE")),
        ("ALTER TABLE guests MODIFY note TEXT", "ALTER TABLE guests MODIFY note VARCHAR(80)", of(copy)),
        (
            "ALTER TABLE guests MODIFY note VARCHAR(80) /*!80000 , LOCK=SHARED */",
            "ALTER TABLE guests MODIFY note TEXT",
            None,
        ),
        (
            "ALTER TABLE guests ADD COLUMN a INT, LOCK=EXCLUSIVE",
            "ALTER TABLE guests DROP COLUMN a",
            of("LOCK=EXCLUSIVE"),
        ),
        (
            "CREATE TRIGGER guests_up BEFORE INSERT ON guests FOR EACH ROW SET NEW.note = 'new'",
            "DROP TRIGGER guests_up",
            of("LOCK=EXCLUSIVE"),
        ),
        ("CREATE VIEW names AS SELECT name FROM guests", "DROP VIEW names", Some(vec![])),
        ("CREATE TABLE decks (id INT PRIMARY KEY)", "DROP TABLE decks", Some(vec![])),
        ("UPDATE guests SET note = 'seen' WHERE id = 2", "UPDATE guests SET note = NULL WHERE id = 2", of("IX")),
        (
            "CREATE FULLTEXT INDEX guests_note ON guests (note)",
            "ALTER TABLE guests DROP INDEX guests_note, FORCE",
            of("LOCK=SHARED"),
        ),
        ("ALTER TABLE berths PARTITION BY HASH (id) PARTITIONS 2", "ALTER TABLE berths REMOVE PARTITIONING", None),
        (
            "RENAME TABLE GUESTS_2 TO visitors;\nALTER TABLE visitors ADD COLUMN c INT",
            "ALTER TABLE visitors DROP COLUMN c;\nRENAME TABLE visitors TO GUESTS_2",
            Some(vec![("GUESTS_2", "LOCK=EXCLUSIVE"), ("GUESTS_2", "LOCK=NONE")]),
        ),
    ];
    ship.catalog().add("v1.0.0_02_more", "CREATE TABLE GUESTS_2 (id INT PRIMARY KEY);", "DROP TABLE GUESTS_2;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    for (at, (up, down, _)) in changes.iter().enumerate() {
        ship.catalog().add(&format!("v1.1.0_{:02}_change_{at}", at + 1), &format!("{up}\n;"), &format!("{down};"));
    }

    let report = rehearsed(&ship, &[], 0).await;

    for (at, (up, _, expected)) in changes.iter().enumerate() {
        let locks = &report["migrations"][at]["locks"];
        match expected {
            Some(expected) => assert_eq!(&modes(locks), expected, "{up}"),
            None => assert!(locks.is_null(), "{up}: {locks}"),
        }
    }
}

/// Goal: a word of ours does not hide why a statement is refused, nor whether. Method: a key that the rows do not allow, which the
/// server finds while it builds it under the weak lock; a text that ends in the middle; and a lock that the statement itself asks for
/// and cannot have.
#[tokio::test]
async fn a_change_that_is_refused_on_mariadb_is_refused_in_its_own_words() {
    const REFUSED: [(&str, &str); 3] = [
        ("ALTER TABLE guests ADD UNIQUE INDEX once (name)", "Duplicate entry 'Ada'"),
        ("ALTER TABLE guests ADD COLUMN", "syntax"),
        ("ALTER TABLE guests MODIFY id BIGINT UNSIGNED, ALGORITHM=INPLACE, LOCK=NONE", "Cannot change column type"),
    ];
    for (up, words) in REFUSED {
        let ship = with_rows(On::MariaDb).await;
        ship.eye().await.run("UPDATE guests SET name = 'Ada'").await;
        ship.catalog().add("v1.1.0_01_key", up, "SELECT 1;");

        let called = ship.cli(&["rehearse", "--json"]).await.exits(1);

        let detail = called.json()["problem"]["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains(words), "{detail}");
        let (said, statement) = detail.rsplit_once('\n').expect("the statement on its line");
        assert_eq!(statement, up);
        assert!(!said.contains("ALGORITHM=INSTANT") && !said.contains(", LOCK="), "{said}");
    }
}
