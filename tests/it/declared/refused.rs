//! What cannot be compared is said, with its place and what to do.

use serde_json::Value;

use super::{FRESH, declaring};
use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(
    without_a_declared_schema_it_is_said_how_to_declare_one,
    a_declared_schema_that_fails_is_told_with_file_line_and_the_databases_words,
    a_migration_that_fails_from_nothing_is_told_in_the_same_way,
    what_leads_out_of_the_scratch_database_is_refused_before_anything_runs,
    a_file_that_cannot_be_read_is_named,
);

const COMMANDS: [&[&str]; 2] = [&["verify-upgrade", "--json"], &["validate", "--declared", "--json"]];

async fn problem(ship: &Ship, words: &[&str]) -> Value {
    let called = ship.cli(words).await;
    assert_ne!(called.code, 0, "{called:?}");
    called.json()["problem"].clone()
}

fn words<'a>(problem: &'a Value, field: &str) -> &'a str {
    problem[field].as_str().unwrap_or_else(|| panic!("{field}: {problem:#}"))
}

async fn without_a_declared_schema_it_is_said_how_to_declare_one(on: On) {
    let ship = declaring(on).await;
    std::fs::remove_file(ship.catalog().0.join("schema.sql")).expect("the file");
    for command in COMMANDS {
        let problem = problem(&ship, command).await;
        assert_eq!(problem["type"], "no-declared-schema");
        let next = words(&problem, "next_step");
        assert!(next.contains("schema.sql") && next.contains("catalog.schema"), "{next}");
    }
}

async fn a_declared_schema_that_fails_is_told_with_file_line_and_the_databases_words(on: On) {
    let ship = declaring(on).await;
    ship.catalog().beside("schema.sql", &format!("{FRESH}\n\nINSERT INTO sails (id) VALUES (1);\n"));
    let lines = FRESH.lines().count() + 3;
    for command in COMMANDS {
        let problem = problem(&ship, command).await;
        assert_eq!(problem["type"], "declared-schema-failed", "{problem:#}");
        let detail = words(&problem, "detail");
        assert!(detail.contains(&format!("schema.sql:{lines}: ")), "{detail}");
        assert!(detail.contains("sails") && detail.contains("INSERT INTO sails"), "{detail}");
        assert_eq!(words(&problem, "target_state"), "the target is as it was before");
    }
}

async fn a_migration_that_fails_from_nothing_is_told_in_the_same_way(on: On) {
    let ship = declaring(on).await;
    ship.catalog().add("v1.2.0_01_wrong", "DROP TABLE sails;", "SELECT 1;");
    let problem = problem(&ship, COMMANDS[0]).await;
    assert_eq!(problem["type"], "replay-failed");
    assert!(words(&problem, "detail").contains("v1.2.0_01_wrong/up.sql:1: "), "{problem:#}");
}

async fn what_leads_out_of_the_scratch_database_is_refused_before_anything_runs(on: On) {
    let ship = declaring(on).await;
    let outward = match on {
        On::MariaDb => ["CREATE TABLE elsewhere.decks (id INT);", "USE elsewhere;", "CREATE DATABASE elsewhere;"],
        On::Postgres => ["CREATE ROLE captain;", "CREATE DATABASE elsewhere;", "DROP DATABASE elsewhere;"],
        On::Sqlite => ["ATTACH 'elsewhere.db' AS elsewhere;", "DETACH elsewhere;", "attach 'x' as y;"],
    };
    for statement in outward {
        ship.catalog().beside("schema.sql", &format!("{FRESH}{statement}\n"));
        let problem = problem(&ship, COMMANDS[0]).await;
        assert_eq!(problem["type"], "catalog-unusable", "{problem:#}");
        let place = format!("schema.sql:{}: ", FRESH.lines().count() + 1);
        assert!(words(&problem, "detail").contains(&place), "{problem:#}");
    }
}

async fn a_file_that_cannot_be_read_is_named(on: On) {
    let mut ship = declaring(on).await;
    ship.catalog().beside("schema.sql", "-- nothing yet\n");
    let empty = problem(&ship, COMMANDS[0]).await;
    ship.set("catalog.schema", "nowhere/schema.sql");
    let nowhere = problem(&ship, COMMANDS[1]).await;
    std::fs::create_dir(ship.folder().join("nowhere")).expect("a folder");
    let no_file = problem(&ship, COMMANDS[1]).await;

    assert!(words(&empty, "detail").contains("schema.sql: the declared schema holds no statement"), "{empty:#}");
    assert!(words(&nowhere, "detail").contains("nowhere"), "{nowhere:#}");
    assert!(words(&no_file, "detail").contains("nowhere/schema.sql: it cannot be read"), "{no_file:#}");
    assert!(words(&no_file, "detail").contains("catalog.schema"), "{no_file:#}");
}

/// Method: an up that fails in the middle leaves something interrupted where a transaction cannot take it back.
#[tokio::test]
async fn nothing_is_added_while_something_is_interrupted() {
    let ship = declaring(On::MariaDb).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.eye().await.run("DROP TABLE holds").await;
    let up =
        "INSERT INTO decks (id, name) VALUES (7, 'orlop');\nALTER TABLE decks ADD COLUMN n INT;\nDROP TABLE sails;";
    ship.catalog().file("v1.2.0_01_half", "up.sql", up);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(1);

    let problem = problem(&ship, &["validate", "--add-missing", "--json"]).await;

    assert_eq!(problem["type"], "not-ready", "{problem:#}");
    assert!(words(&problem, "next_step").contains("windlass up"), "{problem:#}");
    assert_eq!(ship.eye().await.own_tables().await, ["decks"]);
}
