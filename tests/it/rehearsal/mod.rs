//! Rehearsals: migrations and their ways back, tried on a scratch copy.

mod ended;
mod kept;
mod measured;
mod place;
mod refused;
mod verdicts;

use serde_json::Value;

use crate::harness::{
    database::On,
    ship::{Called, Ship},
};

/// Taken back to what was there, but for the rows: the column comes back, what was in it does not.
const LOSES_ROWS: (&str, &str) =
    ("ALTER TABLE guests DROP COLUMN note;", "ALTER TABLE guests ADD COLUMN note VARCHAR(80);");

/// At 1.0.0 with two tables and rows in them, nothing pending.
async fn with_rows(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    let up = "CREATE TABLE berths (id INTEGER PRIMARY KEY, name VARCHAR(80));\n\
              CREATE TABLE guests (id INTEGER PRIMARY KEY, name VARCHAR(80), note VARCHAR(80));\n\
              INSERT INTO berths VALUES (1, 'fore'), (2, 'aft');\n\
              INSERT INTO guests VALUES (1, 'Ada', 'vegan'), (2, 'Jo', NULL);";
    ship.catalog().add("v1.0.0_01_berths", up, "DROP TABLE guests;\nDROP TABLE berths;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship
}

/// The report of a rehearsal on the command line.
async fn rehearsed(ship: &Ship, words: &[&str], code: i32) -> Value {
    let called = ship.cli(&[&["rehearse", "--json"], words].concat()).await.exits(code);
    called.json()["result"].clone()
}

/// Each migration's identity and verdict.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let all = report["migrations"].as_array().expect("migrations").iter();
    all.map(|one| (one["id"].as_str().expect("an id"), one["verdict"].as_str().expect("a verdict"))).collect()
}

/// The findings of the migration at this place, as `rule place: message`.
fn findings(report: &Value, place: usize) -> Vec<String> {
    let all = report["migrations"][place]["findings"].as_array().expect("findings").iter();
    let word = |finding: &Value, field: &str| finding[field].as_str().expect("a word").to_owned();
    all.map(|one| format!("{} {}: {}", word(one, "rule"), word(one, "place"), word(one, "message"))).collect()
}

/// What lies beside the live database, or in the folder of the snapshots, and is of a rehearsal's making.
async fn leftovers(ship: &Ship) -> Vec<String> {
    leftovers_beside(ship, &ship.database.url).await
}

/// The same beside the database of this URL, on the same server.
async fn leftovers_beside(ship: &Ship, url: &str) -> Vec<String> {
    let name = url.rsplit('/').next().expect("a name");
    let left = match ship.on {
        On::Sqlite => {
            let Ok(files) = std::fs::read_dir(ship.folder().join("data/snapshots")) else { return Vec::new() };
            let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
            names.filter(|name| name.starts_with('.')).collect()
        }
        On::Postgres => {
            ship.eye().await.texts("SELECT datname::text FROM pg_database WHERE datname LIKE '%windlass%'").await
        }
        On::MariaDb => ship.eye().await.texts("SHOW DATABASES LIKE '%windlass%'").await,
    };
    left.into_iter().filter(|left| ship.on == On::Sqlite || left.contains(name)).collect()
}

/// The rules of a plan's findings that block.
fn blocking(plan: &Called) -> Vec<String> {
    let plan = plan.json();
    let found = plan["blocking"].as_array().expect("findings").iter();
    found.map(|finding| finding["rule"].as_str().expect("a rule").to_owned()).collect()
}
