//! What somebody changed behind windlass's back is found and named, and its repair is shown as SQL.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(every_difference_is_named_wherever_it_is_asked_for, what_was_left_alone_has_no_drift);

const DECKS: &str =
    "CREATE TABLE decks (id INTEGER PRIMARY KEY, name VARCHAR(80), berths INTEGER, colour VARCHAR(20) NOT NULL);
CREATE INDEX decks_by_name ON decks (name, berths);
CREATE TABLE holds (id INTEGER PRIMARY KEY);
CREATE VIEW names AS SELECT name FROM decks;";

const BY_HAND: [&str; 7] = [
    "DROP VIEW names",
    "DROP INDEX decks_by_name",
    "ALTER TABLE decks DROP COLUMN berths",
    "ALTER TABLE decks ADD COLUMN extra VARCHAR(5)",
    "CREATE INDEX by_colour ON decks (colour)",
    "CREATE TABLE strangers (id INTEGER PRIMARY KEY)",
    "DROP TABLE holds",
];

async fn decked(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_decks", DECKS, "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship
}

/// Rule and place of each, but for what is about more than the schema.
fn named(findings: &Value) -> BTreeSet<String> {
    let all = findings.as_array().unwrap_or_else(|| panic!("findings: {findings:#}")).iter();
    all.map(|finding| format!("{} {}", finding["rule"].as_str().unwrap_or(""), finding["place"].as_str().unwrap_or("")))
        .collect()
}

/// The statement that a finding shows.
fn repair(findings: &Value, rule: &str) -> String {
    let found = findings.as_array().and_then(|all| all.iter().find(|finding| finding["rule"] == rule));
    let remedy = found.and_then(|finding| finding["remedy"].as_str()).unwrap_or_else(|| panic!("{rule}: {findings:#}"));
    remedy.split_once("again: ").unwrap_or_else(|| panic!("a statement: {remedy}")).1.to_owned()
}

/// Method: change the schema in seven ways; then run the statements that are shown, and look again.
async fn every_difference_is_named_wherever_it_is_asked_for(on: On) {
    let ship = decked(on).await;
    for statement in BY_HAND {
        let on_table = if on == On::MariaDb && statement.starts_with("DROP INDEX") { " ON decks" } else { "" };
        ship.eye().await.run(&format!("{statement}{on_table}")).await;
    }
    let expected: BTreeSet<String> = [
        "object-missing view names",
        "index-missing decks.decks_by_name",
        "column-missing decks.berths",
        "column-orphaned decks.extra",
        "index-orphaned decks.by_colour",
        "table-orphaned strangers",
        "table-missing holds",
    ]
    .map(str::to_owned)
    .into();

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let report = ship.cli(&["validate", "--json"]).await.exits(2).json()["result"].clone();

    assert_eq!(named(&plan["findings"]), expected);
    assert!(plan["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "warning"), "{plan:#}");
    assert_eq!(plan["ready"], true, "{plan:#}");
    assert_eq!(named(&status["drift"]), expected);
    let validated = [&report["critical_issues"], &report["warnings"]].map(named);
    assert_eq!(validated.iter().flatten().cloned().collect::<BTreeSet<_>>(), expected);
    let shown = ship.cli(&["status"]).await.exits(0).stdout;
    assert!(shown.contains("decks.decks_by_name"), "{shown}");

    for rule in ["column-missing", "index-missing"] {
        ship.eye().await.run(&repair(&plan["findings"], rule)).await;
    }

    let left = named(&ship.cli(&["status", "--json"]).await.exits(0).json()["drift"]);
    assert!(!left.iter().any(|one| one.contains("berths") || one.contains("decks_by_name")), "{left:#?}");
    assert_eq!(left.len(), expected.len() - 2, "{left:#?}");
}

async fn what_was_left_alone_has_no_drift(on: On) {
    let ship = decked(on).await;
    ship.eye().await.run("INSERT INTO decks VALUES (1, 'orlop', 3, 'red')").await;
    assert_eq!(named(&ship.cli(&["status", "--json"]).await.exits(0).json()["drift"]), BTreeSet::new());
    assert_eq!(named(&ship.cli(&["plan", "--json"]).await.exits(0).json()["findings"]), BTreeSet::new());
}
