//! What a rehearsal says of each way back.

use super::{LOSES_ROWS, findings, leftovers, rehearsed, verdicts, with_rows};
use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(
    each_way_back_has_its_verdict_and_the_target_is_only_read,
    rows_that_do_not_come_back_are_seen_only_with_the_rows,
    a_down_that_fails_is_named_and_the_next_one_is_tried,
    an_up_that_fails_ends_it_as_it_would_a_run,
    a_whole_history_is_tried_from_nothing,
    what_is_not_critical_and_fails_does_not_end_it,
    with_nothing_pending_nothing_is_done,
    applied_again_is_the_same_but_for_the_clock,
);

async fn each_way_back_has_its_verdict_and_the_target_is_only_read(on: On) {
    let ship = with_rows(on).await;
    ship.catalog()
        .add("v1.1.0_01_exact", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;")
        .add(
            "v1.1.0_02_forgets",
            "CREATE TABLE crew (id INTEGER PRIMARY KEY);\nCREATE TABLE ropes (id INTEGER PRIMARY KEY, n INTEGER);\n\
             CREATE INDEX ropes_n ON ropes (n);\nALTER TABLE berths ADD COLUMN deck INTEGER;",
            "DROP INDEX IF EXISTS ropes_n ON ropes;\nALTER TABLE berths DROP COLUMN deck;\nDROP TABLE IF EXISTS crew;",
        )
        .file("v1.2.0_01_one_way", "up.sql", "CREATE TABLE logs (id INTEGER PRIMARY KEY);");
    if on != On::MariaDb {
        let down = "DROP INDEX IF EXISTS ropes_n;\nALTER TABLE berths DROP COLUMN deck;\nDROP TABLE IF EXISTS crew;";
        ship.catalog().file("v1.1.0_02_forgets", "down.sql", down);
    }
    let before = (ship.eye().await.everything().await, ship.applied().await);

    let report = rehearsed(&ship, &[], 1).await;

    assert_eq!(
        verdicts(&report),
        [("v1.1.0_01_exact", "proven"), ("v1.1.0_02_forgets", "partial"), ("v1.2.0_01_one_way", "none")]
    );
    assert_eq!(report["overall"], false);
    assert_eq!((&report["verdicts"]["proven"], &report["verdicts"]["partial"]), (&1.into(), &1.into()));
    assert_eq!(findings(&report, 0), [""; 0]);
    let found = findings(&report, 1);
    assert!(found.contains(&"not-restored table ropes: it is new after the way back".to_owned()), "{found:#?}");
    assert!(!found.iter().any(|finding| finding.contains("berths") || finding.contains("crew")), "{found:#?}");
    assert!(found.iter().any(|finding| finding.starts_with("not-applied-again v1.1.0_02_forgets")), "{found:#?}");
    assert!(report["migrations"][0]["up_ms"].is_u64() && report["migrations"][0]["down_ms"].is_u64(), "{report:#}");
    assert!(report["migrations"][2]["down_ms"].is_null(), "{report:#}");
    must_be_same(&ship.eye().await.everything().await, &before.0);
    assert_eq!(ship.applied().await, before.1);
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn rows_that_do_not_come_back_are_seen_only_with_the_rows(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_loses", LOSES_ROWS.0, LOSES_ROWS.1);

    let data = rehearsed(&ship, &[], 1).await;
    let schema = rehearsed(&ship, &["--schema-only"], 0).await;

    assert_eq!(verdicts(&data), [("v1.1.0_01_loses", "partial")]);
    assert_eq!(findings(&data, 0), ["rows-not-restored table guests: its 2 rows are not the same after the way back"]);
    let changed = &data["migrations"][0]["rows"][0];
    assert_eq!((&changed["table"], &changed["before"], &changed["after"]), (&"guests".into(), &2.into(), &2.into()));
    assert_eq!((verdicts(&schema), &schema["from"]), (vec![("v1.1.0_01_loses", "proven")], &"schema".into()));
    assert_eq!(schema["migrations"][0]["rows"].as_array().map(Vec::len), Some(0), "{schema:#}");
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn a_down_that_fails_is_named_and_the_next_one_is_tried(on: On) {
    let ship = with_rows(on).await;
    ship.catalog()
        .add(
            "v1.1.0_01_wrong",
            "CREATE TABLE decks (id INTEGER PRIMARY KEY);\nCREATE TABLE crew (id INTEGER PRIMARY KEY);",
            "DROP TABLE crew;\n\nDROP TABLE sails;",
        )
        .add("v1.1.0_02_right", "ALTER TABLE decks ADD COLUMN name VARCHAR(80);", "ALTER TABLE decks DROP COLUMN name;")
        .add("v1.1.0_03_crew", "INSERT INTO crew VALUES (1);", "DELETE FROM crew;");

    let report = rehearsed(&ship, &[], 1).await;

    assert_eq!(
        verdicts(&report),
        [("v1.1.0_01_wrong", "partial"), ("v1.1.0_02_right", "proven"), ("v1.1.0_03_crew", "proven")]
    );
    let found = findings(&report, 0);
    assert_eq!(found.len(), 1, "{found:#?}");
    let place = "down-failed v1.1.0_01_wrong: its down script failed: v1.1.0_01_wrong/down.sql:3: the database refused";
    assert!(found[0].starts_with(place) && found[0].contains("TABLE sails"), "{found:#?}");
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn an_up_that_fails_ends_it_as_it_would_a_run(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_right", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;").add(
        "v1.1.0_02_wrong",
        "CREATE TABLE crew (id INTEGER PRIMARY KEY);\nDROP TABLE sails;",
        "DROP TABLE crew;",
    );
    let before = ship.eye().await.everything().await;

    let called = ship.cli(&["rehearse", "--json"]).await.exits(1);

    let job = called.json();
    assert_eq!((&job["state"], &job["problem"]["type"]), (&"failed".into(), &"statement-failed".into()), "{job:#}");
    let detail = job["problem"]["detail"].as_str().expect("words");
    assert!(detail.starts_with("v1.1.0_02_wrong/up.sql:2: "), "{detail}");
    assert!(detail.contains("TABLE sails"), "{detail}");
    let state = job["problem"]["target_state"].as_str().expect("words");
    assert!(state.starts_with("the target is as it was before"), "{state}");
    assert_eq!(verdicts(&job["result"]), [("v1.1.0_01_right", "proven")]);
    assert_eq!(job["result"]["overall"], false);
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

/// Goal: the target needs no data and no history for it, and what it has does not matter.
async fn a_whole_history_is_tried_from_nothing(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_loses", LOSES_ROWS.0, LOSES_ROWS.1);
    let before = ship.eye().await.everything().await;

    let report = rehearsed(&ship, &["--history"], 1).await;
    ship.catalog().file("v1.1.0_01_loses", "down.sql", "SELECT 1;");
    let other = rehearsed(&ship, &["--history"], 1).await;
    ship.catalog()
        .file("v1.0.0_01_berths", "up.sql", "CREATE TABLE berths (id INTEGER PRIMARY KEY);")
        .file("v1.0.0_01_berths", "down.sql", "DROP TABLE berths;")
        .file("v1.1.0_01_loses", "up.sql", "CREATE TABLE decks (id INTEGER PRIMARY KEY);")
        .file("v1.1.0_01_loses", "down.sql", "DROP TABLE decks;");
    let all = rehearsed(&ship, &["--history"], 0).await;

    assert_eq!(verdicts(&report), [("v1.0.0_01_berths", "proven"), ("v1.1.0_01_loses", "partial")]);
    assert_eq!(verdicts(&other), [("v1.0.0_01_berths", "proven"), ("v1.1.0_01_loses", "partial")]);
    let found = findings(&other, 1);
    assert!(found[0].starts_with("not-restored column guests.note: it is gone after the way back"), "{found:#?}");
    assert_eq!((verdicts(&all).len(), &all["overall"], &all["from"]), (2, &true.into(), &"history".into()));
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(leftovers(&ship).await, [""; 0]);
}

async fn what_is_not_critical_and_fails_does_not_end_it(on: On) {
    let ship = with_rows(on).await;
    ship.catalog()
        .file("v1.1.0_01_maybe", "metadata.json", "{\"critical\": false}")
        .add("v1.1.0_01_maybe", "DROP TABLE sails;", "SELECT 1;")
        .add("v1.1.0_02_right", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");

    let report = rehearsed(&ship, &[], 1).await;

    assert_eq!(verdicts(&report), [("v1.1.0_01_maybe", "claimed"), ("v1.1.0_02_right", "proven")]);
    let found = findings(&report, 0);
    assert!(found[0].starts_with("failed-not-critical v1.1.0_01_maybe: v1.1.0_01_maybe/up.sql:1: "), "{found:#?}");
}

async fn with_nothing_pending_nothing_is_done(on: On) {
    let ship = with_rows(on).await;

    let called = ship.cli(&["rehearse"]).await.exits(0);
    let empty = Ship::with_catalog(on).await;
    let history = empty.cli(&["rehearse", "--history"]).await.exits(0);

    assert_eq!(called.stdout.trim(), "nothing to rehearse");
    assert_eq!(history.stdout.trim(), "nothing to rehearse");
}

/// Goal: values that come of the clock or of chance speak against nobody's way back, and are told.
async fn applied_again_is_the_same_but_for_the_clock(on: On) {
    let ship = with_rows(on).await;
    let chance = match on {
        On::Sqlite => "hex(randomblob(8))",
        On::Postgres => "CAST(random() AS text)",
        On::MariaDb => "CAST(RAND() AS CHAR)",
    };
    let up = format!("INSERT INTO berths (id, name) SELECT 3, {chance};");
    ship.catalog().add("v1.1.0_01_chance", &up, "DELETE FROM berths WHERE id = 3;");

    let report = rehearsed(&ship, &[], 0).await;

    assert_eq!(verdicts(&report), [("v1.1.0_01_chance", "proven")]);
    assert_eq!(findings(&report, 0), ["other-values table berths: its 3 rows are not the same when applied once more"]);
}
