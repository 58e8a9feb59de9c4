//! `windlass test`: a migration's own test, run in a scratch database.

use serde_json::Value;

use crate::harness::{
    database::On,
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    a_test_that_holds_passes_and_the_target_is_not_touched,
    an_assertion_that_does_not_hold_is_told_with_its_values,
    each_test_begins_with_nothing_of_the_one_before,
    those_that_are_named_or_pending_are_run,
    what_the_database_refuses_is_told_with_its_place,
    what_cannot_be_run_is_named_before_anything_is,
    an_engine_has_a_test_of_its_own,
    a_service_does_not_do_it,
);

const TEST: &str = "-- windlass:test before
INSERT INTO guests (id, name) VALUES (1, 'Ada'), (2, 'Jo');

-- windlass:test up
SELECT count(*) = 2 FROM guests WHERE berth = 7;
UPDATE guests SET berth = 8 WHERE id = 2;
SELECT max(berth) = 8, min(berth) FROM guests;

-- windlass:test down
SELECT count(*) = 2 FROM guests;
SELECT name = 'Jo' FROM guests WHERE id = 2;
";

/// Two migrations, the second with a test.
async fn tested(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog()
        .add(
            "v1.0.0_01_guests",
            "CREATE TABLE guests (id INTEGER PRIMARY KEY, name VARCHAR(80));",
            "DROP TABLE guests;",
        )
        .add(
            "v1.1.0_01_berths",
            "ALTER TABLE guests ADD COLUMN berth INTEGER;\nUPDATE guests SET berth = 7;",
            "ALTER TABLE guests DROP COLUMN berth;",
        )
        .file("v1.1.0_01_berths", "test.sql", TEST);
    ship
}

async fn test(ship: &Ship, words: &[&str], code: i32) -> Value {
    ship.cli(&[&["test", "--json"], words].concat()).await.exits(code).json()["result"].clone()
}

/// Each migration that was to be tested, with how that ended.
fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let tests = report["tests"].as_array().expect("tests").iter();
    tests.map(|test| (test["id"].as_str().expect("an id"), test["outcome"].as_str().expect("a word"))).collect()
}

/// The failures of the test at this place, as `place (moment): message`.
fn failures(report: &Value, place: usize) -> Vec<String> {
    let all = report["tests"][place]["failures"].as_array().expect("failures").iter();
    let word = |failure: &Value, field: &str| failure[field].as_str().expect("a word").to_owned();
    all.map(|one| format!("{} ({}): {}", word(one, "place"), word(one, "moment"), word(one, "message"))).collect()
}

async fn a_test_that_holds_passes_and_the_target_is_not_touched(on: On) {
    let ship = tested(on).await;

    let report = test(&ship, &[], 0).await;
    let shown = ship.cli(&["test"]).await.exits(0).stdout;
    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    assert_eq!(outcomes(&report), [("v1.1.0_01_berths", "passed")]);
    assert_eq!((&report["overall"], &report["tests"][0]["assertions"]), (&true.into(), &4.into()));
    assert_eq!(report["without_test"], serde_json::json!(["v1.0.0_01_guests"]));
    assert!(shown.contains("1 of 1 test passed on ") && shown.contains("; 1 migration without a test"), "{shown}");
    assert_eq!(ship.eye().await.tables().await, [""; 0]);
    assert!(!plan.to_string().contains("stray-file"), "{plan:#}");
}

async fn an_assertion_that_does_not_hold_is_told_with_its_values(on: On) {
    let ship = tested(on).await;
    let wrong = TEST
        .replace("= 2 FROM guests WHERE berth = 7", "= 3, count(*) FROM guests WHERE berth = 7")
        .replace("max(berth) = 8, min(berth)", "NULL, 'a text', min(berth)")
        .replace("SELECT count(*) = 2 FROM guests;", "SELECT 1 FROM guests WHERE id = 9;");
    ship.catalog().file("v1.1.0_01_berths", "test.sql", &wrong);

    let called = ship.cli(&["test", "--json"]).await.exits(1).json();
    let shown = ship.cli(&["test"]).await.exits(1).stdout;

    let report = &called["result"];
    assert_eq!((&called["state"], outcomes(report)), (&"succeeded".into(), vec![("v1.1.0_01_berths", "failed")]));
    let found = failures(report, 0);
    assert_eq!(
        found,
        [
            "v1.1.0_01_berths/test.sql:5 (up): it gave 0 | 2, and its first value must be true",
            "v1.1.0_01_berths/test.sql:7 (up): it gave NULL | 'a text' | 7, and its first value must be true",
            "v1.1.0_01_berths/test.sql:10 (down): it gave no row, and its first value must be true",
        ]
    );
    assert_eq!(report["tests"][0]["failures"][1]["values"], serde_json::json!(["NULL", "'a text'", "7"]));
    let statement = report["tests"][0]["failures"][2]["statement"].as_str().expect("a statement");
    assert_eq!(statement, "SELECT 1 FROM guests WHERE id = 9");
    assert!(shown.contains("v1.1.0_01_berths/test.sql:10 (after down): it gave no row"), "{shown}");
    assert!(shown.contains("SELECT 1 FROM guests WHERE id = 9") && shown.contains("0 of 1 test passed"), "{shown}");
}

/// Method: a failed test in the middle has left rows; the next one would trip over them.
async fn each_test_begins_with_nothing_of_the_one_before(on: On) {
    let ship = tested(on).await;
    let first =
        "-- windlass:test up\nINSERT INTO guests (id, name) VALUES (1, 'Eve');\nSELECT count(*) = 9 FROM guests;";
    ship.catalog()
        .file("v1.0.0_01_guests", "test.sql", first)
        .add("v1.2.0_01_only_asserts", "CREATE TABLE ropes (id INTEGER PRIMARY KEY);", "DROP TABLE ropes;")
        .file("v1.2.0_01_only_asserts", "test.sql", "SELECT count(*) = 0 FROM ropes;\nSELECT count(*) = 0 FROM guests;")
        .add("v1.3.0_01_more", "CREATE TABLE sails (id INTEGER PRIMARY KEY);", "DROP TABLE sails;")
        .file("v1.3.0_01_more", "test.sql", "SELECT count(*) = 0 FROM sails;");

    let report = test(&ship, &[], 1).await;

    assert_eq!(
        outcomes(&report),
        [
            ("v1.0.0_01_guests", "failed"),
            ("v1.1.0_01_berths", "passed"),
            ("v1.2.0_01_only_asserts", "passed"),
            ("v1.3.0_01_more", "passed")
        ]
    );
}

async fn those_that_are_named_or_pending_are_run(on: On) {
    let ship = tested(on).await;
    ship.catalog().file("v1.0.0_01_guests", "test.sql", "SELECT count(*) = 1 FROM guests;");
    ship.cli(&["up", "--to", "1.0.0", "--snapshot", "never"]).await.exits(0);

    let pending = test(&ship, &["--pending"], 0).await;
    let named = test(&ship, &["v1.0.0_01_guests"], 1).await;
    let all = test(&ship, &[], 1).await;
    let unknown = ship.cli(&["test", "v9.0.0_01_no", "--json"]).await.exits(1).json();
    ship.catalog().add("v2.0.0_01_bare", "CREATE TABLE bare (id INTEGER);", "DROP TABLE bare;");
    let bare = ship.cli(&["test", "v2.0.0_01_bare", "--json"]).await.exits(1).json();
    ship.cli(&["test", "v1.0.0_01_guests", "--pending"]).await.exits(64);

    assert_eq!(outcomes(&pending), [("v1.1.0_01_berths", "passed")]);
    assert_eq!(outcomes(&named), [("v1.0.0_01_guests", "failed")]);
    assert_eq!(outcomes(&all), [("v1.0.0_01_guests", "failed"), ("v1.1.0_01_berths", "passed")]);
    assert_eq!(unknown["problem"]["type"], "no-such-test");
    assert_eq!(unknown["problem"]["detail"], "no migration is called v9.0.0_01_no");
    assert_eq!(bare["problem"]["detail"], "v2.0.0_01_bare has no test");
}

async fn what_the_database_refuses_is_told_with_its_place(on: On) {
    let ship = tested(on).await;
    let before = "-- windlass:test before\n\nINSERT INTO sails (id) VALUES (1);\n-- windlass:test up\nSELECT 1;";
    ship.catalog()
        .file("v1.0.0_01_guests", "test.sql", before)
        .file("v1.1.0_01_berths", "test.sql", "SELECT 1;\nSELECT lamps = 1 FROM guests;")
        .add("v1.2.0_01_wrong", "CREATE TABLE lamps (id INTEGER PRIMARY KEY);\nDROP TABLE sails;", "DROP TABLE lamps;")
        .file("v1.2.0_01_wrong", "test.sql", "SELECT 1;")
        .add("v1.3.0_01_behind", "CREATE TABLE behind (id INTEGER PRIMARY KEY);", "DROP TABLE behind;")
        .file("v1.3.0_01_behind", "test.sql", "SELECT 1;");

    let report = test(&ship, &[], 1).await;

    let outcomes: Vec<&str> = outcomes(&report).iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, ["failed", "failed", "failed", "not_run"]);
    let told = |place: usize| failures(&report, place).remove(0);
    assert!(told(0).starts_with("v1.0.0_01_guests/test.sql:3 (before): "), "{}", told(0));
    assert!(told(0).contains("the database refused") && told(0).contains("sails"), "{}", told(0));
    assert!(told(1).starts_with("v1.1.0_01_berths/test.sql:2 (up): ") && told(1).contains("lamps"), "{}", told(1));
    assert!(told(2).contains("v1.2.0_01_wrong/up.sql:2: ") && told(2).contains("sails"), "{}", told(2));

    ship.catalog().file("v1.1.0_01_berths", "test.sql", "SELECT 1;\n-- windlass:test down\nSELECT 1;");
    std::fs::remove_file(ship.catalog().0.join("v1.1.0_01_berths/down.sql")).expect("the way back");
    let report = test(&ship, &["v1.1.0_01_berths"], 1).await;
    assert!(failures(&report, 0)[0].contains("the migration has no way back"), "{report:#}");
}

async fn what_cannot_be_run_is_named_before_anything_is(on: On) {
    let ship = tested(on).await;
    let out = if on == On::Sqlite { "ATTACH 'x' AS y;" } else { "CREATE DATABASE elsewhere;" };
    let cases = [
        (
            "-- windlass:test sideways\nSELECT 1;",
            "v1.1.0_01_berths/test.sql:1: no section of a test is called \"sideways\"",
        ),
        ("-- windlass:test before\nSELECT 1;", "v1.1.0_01_berths/test.sql: the test asserts nothing"),
        ("-- nothing\n", "v1.1.0_01_berths/test.sql: the test asserts nothing"),
        ("SELECT 1;\n\nBEGIN;\nSELECT 1;", "v1.1.0_01_berths/test.sql:3: the test controls transactions itself"),
        ("SELECT 1;\n-- windlass:test up\n\nSELECT 'open", "v1.1.0_01_berths/test.sql:4: "),
        (&format!("SELECT 1;\n{out}"), "v1.1.0_01_berths/test.sql:2: the statement leads out"),
    ];
    for (text, told) in cases {
        ship.catalog().file("v1.1.0_01_berths", "test.sql", text);
        let job = ship.cli(&["test", "--json"]).await.exits(1).json();
        assert_eq!(job["problem"]["type"], "catalog-unusable", "{text}");
        let detail = job["problem"]["detail"].as_str().expect("words");
        assert!(detail.contains(told), "{detail} does not say {told}");
    }
    let unfit = Ship::with_catalog(on).await;
    unfit.catalog().add("v1.0.0_01_a", "CREATE TABLE a (id INTEGER);", "DROP TABLE a;").file(
        "v1.0.0_01_a",
        "test.sqlight.sql",
        "SELECT 1;",
    );
    let plan = unfit.cli(&["plan", "--json"]).await.exits(0).json();
    assert!(plan.to_string().contains("did you mean test."), "{plan:#}");
    assert_eq!(unfit.cli(&["test"]).await.exits(0).stdout.trim(), "nothing to test; 1 migration without a test");
}

async fn an_engine_has_a_test_of_its_own(on: On) {
    let ship = tested(on).await;
    ship.catalog().file("v1.1.0_01_berths", "test.sql", "SELECT 0;");
    for (of, engine) in [(On::Postgres, "postgres"), (On::MariaDb, "mysql"), (On::Sqlite, "sqlite")] {
        let text = if of == on { TEST } else { "SELECT 0;" };
        ship.catalog().file("v1.1.0_01_berths", &format!("test.{engine}.sql"), text);
    }
    assert_eq!(outcomes(&test(&ship, &[], 0).await), [("v1.1.0_01_berths", "passed")]);
}

async fn a_service_does_not_do_it(on: On) {
    let mut ship = tested(on).await;
    ship.serve().await;
    let token = ship.token(&[]).await;
    let mut command = ship.elsewhere(ship.url(), Some(&token), &["test"]);
    let called = Called::of(&command.output().await.expect("windlass can be run"));
    assert_eq!(called.code, 64, "{called:?}");
    assert!(called.stderr.contains("windlass test"), "{}", called.stderr);
}
