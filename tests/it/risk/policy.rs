//! `policy.blocking_risks`: which risks keep a run from beginning.

use serde_json::json;

use super::{findings, of_rule};
use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(
    nothing_blocks_by_default,
    a_rule_that_is_named_blocks_plan_and_run,
    all_that_warns_blocks_and_a_waiver_lets_it_pass,
    tables_of_the_same_run_and_empty_ones_trip_nothing,
);

const MAKE: &str = "CREATE TABLE things (id int PRIMARY KEY, note varchar(20));\nINSERT INTO things VALUES (1, 'a');\n";

/// A database at 1.0.0 whose next migration drops a column.
async fn about_to_drop(on: On, up: &str) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.set("policy.snapshot", "never");
    ship.catalog().file("v1.0.0_things", "up.sql", MAKE);
    ship.cli(&["up", "--yes"]).await.exits(0);
    ship.catalog().file("v1.1.0_less", "up.sql", up);
    ship
}

async fn nothing_blocks_by_default(on: On) {
    let ship = about_to_drop(on, "ALTER TABLE things DROP COLUMN note;\n").await;

    let found = findings(&ship).await;
    assert_eq!(of_rule(&found, "drop-column", "v1.1.0")[0]["severity"], "warning");

    ship.cli(&["up", "--yes"]).await.exits(0);
    ship.database_is_at("1.1.0").await;
}

async fn a_rule_that_is_named_blocks_plan_and_run(on: On) {
    let mut ship = about_to_drop(on, "ALTER TABLE things DROP COLUMN note;\n").await;
    ship.set("policy.blocking_risks", "drop-table,drop-column");

    let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();
    assert_eq!(plan["ready"], false);
    assert_eq!(plan["blocking"][0]["rule"], "drop-column", "{plan:#}");
    let refused = ship.cli(&["up", "--yes"]).await.exits(2);
    assert!(refused.stderr.contains("v1.1.0_less/up.sql:1"), "{}", refused.stderr);

    ship.serve().await;
    let admin = ship.admin().await;
    let shown = admin.get("/api/migration/plan").await.body;
    assert_eq!(shown["blocking"][0]["rule"], "drop-column", "{shown:#}");
    let answer = admin.post("/api/migration/start", json!({"to": "1.1.0"})).await;
    assert!(answer.status == 409 || answer.status == 422, "{:#}", answer.body);
    ship.database_is_at("1.0.0").await;
}

async fn all_that_warns_blocks_and_a_waiver_lets_it_pass(on: On) {
    let mut ship = about_to_drop(on, "ALTER TABLE things DROP COLUMN note;\n").await;
    ship.set("policy.blocking_risks", "all");
    ship.cli(&["up", "--yes"]).await.exits(2);

    let waived = "-- windlass:allow drop-column agreed\nALTER TABLE things DROP COLUMN note;\n";
    ship.catalog().file("v1.1.0_less", "up.sql", waived);

    ship.cli(&["up", "--yes"]).await.exits(0);
    ship.database_is_at("1.1.0").await;

    ship.set("policy.blocking_risks", "drop-colum");
    let refused = ship.cli(&["plan"]).await.exits(78);
    assert!(refused.stderr.contains("did you mean \"drop-column\"?"), "{}", refused.stderr);
}

/// Goal: a first migration, and one whose tables nobody uses yet, are not told of locks.
async fn tables_of_the_same_run_and_empty_ones_trip_nothing(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.eye().await.run("CREATE TABLE empty (id int NOT NULL PRIMARY KEY, note varchar(20))").await;
    let up = "CREATE TABLE made (id int NOT NULL PRIMARY KEY, note varchar(20));\n\
         CREATE INDEX made_note ON made (note);\n\
              ALTER TABLE made ADD COLUMN more int NOT NULL;\nUPDATE made SET note = 'a';\nDELETE FROM made;\n\
              CREATE INDEX empty_note ON empty (note);\nALTER TABLE empty ADD COLUMN more int NOT NULL;\n\
              UPDATE empty SET note = 'a';\n";
    ship.catalog().file("v1.1.0_first", "up.sql", up);

    let found = findings(&ship).await;

    let warned: Vec<_> = found
        .iter()
        .filter(|finding| {
            finding["severity"] == "warning" && finding["place"].as_str().is_some_and(|p| p.contains("up.sql"))
        })
        .collect();
    assert!(warned.is_empty(), "{warned:#?}");
}
