//! The declared schema: what a fresh installation runs, held against the migrations and against the live database.

mod added;
mod behind_runs;
mod fresh;
mod makes;
mod refused;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{database::On, ship::Ship};

/// What the two migrations make together.
const FRESH: &str = "CREATE TABLE decks (
  id INTEGER PRIMARY KEY,
  name VARCHAR(80),
  berths INTEGER DEFAULT 2,
  colour VARCHAR(20) NOT NULL DEFAULT 'red'
);
CREATE INDEX decks_by_name ON decks (name, berths);
CREATE TABLE holds (id INTEGER PRIMARY KEY, deck INTEGER);
CREATE INDEX holds_by_deck ON holds (deck);
";

const FIRST: &str = "CREATE TABLE decks (id INTEGER PRIMARY KEY, name VARCHAR(80));";

const SECOND: &str = "ALTER TABLE decks ADD COLUMN colour VARCHAR(20) NOT NULL DEFAULT 'red';
ALTER TABLE decks ADD COLUMN berths INTEGER DEFAULT 2;
CREATE INDEX decks_by_name ON decks (name, berths);
CREATE TABLE holds (id INTEGER PRIMARY KEY, deck INTEGER);
CREATE INDEX holds_by_deck ON holds (deck);";

/// What is done by hand so that something is missing.
const BY_HAND: [&str; 3] = ["DROP INDEX decks_by_name", "ALTER TABLE decks DROP COLUMN berths", "DROP TABLE holds"];

/// A catalog whose migrations make what it declares; nothing is applied.
async fn declaring(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog()
        .add("v1.0.0_01_decks", FIRST, "DROP TABLE decks;")
        .add("v1.1.0_01_holds", SECOND, "SELECT 1;")
        .beside("schema.sql", FRESH);
    ship
}

/// At 1.1.0 with a row, and three things gone that are declared.
async fn with_holes(on: On) -> Ship {
    let ship = declaring(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.eye().await.run("INSERT INTO decks (id, name) VALUES (1, 'orlop')").await;
    by_hand(&ship, &BY_HAND).await;
    ship
}

async fn by_hand(ship: &Ship, statements: &[&str]) {
    for statement in statements {
        let on_table = if ship.on == On::MariaDb && statement.starts_with("DROP INDEX") { " ON decks" } else { "" };
        ship.eye().await.run(&format!("{statement}{on_table}")).await;
    }
}

/// Rule and place of each.
fn named(findings: &Value) -> BTreeSet<String> {
    let all = findings.as_array().unwrap_or_else(|| panic!("findings: {findings:#}")).iter();
    let word = |finding: &Value, field: &str| finding[field].as_str().expect("a word").to_owned();
    all.map(|finding| format!("{} {}", word(finding, "rule"), word(finding, "place"))).collect()
}

/// All of a validation's findings, those that are about the declared schema alone told apart by their words.
fn of_declared(report: &Value) -> BTreeSet<String> {
    let lists = [&report["critical_issues"], &report["warnings"], &report["info"]];
    let all = lists.iter().flat_map(|list| list.as_array().expect("findings"));
    let of_it = |finding: &&Value| {
        let message = finding["message"].as_str().expect("words");
        message.contains("declared schema") || finding["rule"] == "not-added"
    };
    named(&all.filter(of_it).cloned().collect::<Vec<_>>().into())
}

fn set<const N: usize>(words: [&str; N]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

/// The statements that a report says were run.
fn added(report: &Value) -> Vec<String> {
    let Some(statements) = report["added"].as_array() else { return Vec::new() };
    statements.iter().map(|statement| statement.as_str().expect("a statement").to_owned()).collect()
}
