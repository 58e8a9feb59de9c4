//! Waivers: shown with their reason, and held to have one; and what the way back drops.

use serde_json::Value;

use super::{findings, of_rule};
use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(
    a_waiver_above_a_statement_is_shown_with_its_reason,
    a_waiver_in_the_metadata_holds_for_all_of_a_migration,
    a_waiver_that_is_wrong_waives_nothing_and_is_told,
    what_the_way_back_drops_is_told,
);

/// A database with a table that holds a row, and a catalog for the test to fill.
async fn with_a_table(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.eye()
        .await
        .run("CREATE TABLE things (id int PRIMARY KEY, note varchar(20)); INSERT INTO things VALUES (1, 'a')")
        .await;
    ship
}

fn only<'a>(found: &'a [Value], rule: &str, folder: &str) -> &'a Value {
    match of_rule(found, rule, folder).as_slice() {
        [one] => one,
        other => panic!("{rule} was found {} times: {found:#?}", other.len()),
    }
}

async fn a_waiver_above_a_statement_is_shown_with_its_reason(on: On) {
    let ship = with_a_table(on).await;
    let up = "-- windlass:allow drop-column  nothing has read it since 1.0\n\nALTER TABLE things DROP COLUMN note;\n\
              -- windlass:allow drop-table it was a trial\nDROP TABLE things;\n";
    ship.catalog().file("v1.1.0_less", "up.sql", up);

    let found = findings(&ship).await;

    let column = only(&found, "drop-column", "v1.1.0_less/up.sql:3");
    assert_eq!(column["severity"], "info", "{column:#}");
    let message = column["message"].as_str().expect("a message");
    assert!(message.starts_with("waived: nothing has read it since 1.0 (column things.note goes"), "{message}");
    assert_eq!(only(&found, "drop-table", "v1.1.0_less/up.sql:5")["severity"], "info");
    assert!(of_rule(&found, "waiver-unused", "v1.1.0").is_empty(), "{found:#?}");
}

async fn a_waiver_in_the_metadata_holds_for_all_of_a_migration(on: On) {
    let ship = with_a_table(on).await;
    let allow = r#"{"allow": [{"rule": "drop-column", "reason": "agreed with the team"}]}"#;
    ship.catalog()
        .file("v1.1.0_less", "up.sql", "ALTER TABLE things DROP COLUMN note;\n")
        .file("v1.1.0_less", "metadata.json", allow)
        .file("v1.2.0_wrong", "up.sql", "SELECT 1;\n")
        .file("v1.2.0_wrong", "metadata.json", "{\n\"allow\": [{\"rule\": 7}]}");

    let refused = ship.cli(&["plan", "--json"]).await.exits(2);
    assert!(
        refused.stderr.contains("v1.2.0_wrong/metadata.json:2") && refused.stderr.contains("`allow` must be"),
        "{}",
        refused.stderr
    );
    ship.catalog().file("v1.2.0_wrong", "metadata.json", "{}");
    let found = findings(&ship).await;

    let column = only(&found, "drop-column", "v1.1.0_less/up.sql:1");
    assert_eq!(column["severity"], "info");
    assert!(column["message"].as_str().expect("a message").starts_with("waived: agreed with the team ("), "{column:#}");
}

async fn a_waiver_that_is_wrong_waives_nothing_and_is_told(on: On) {
    let ship = with_a_table(on).await;
    let up = "-- windlass:allow drop-colum it is a trial\n-- windlass:allow drop-column\n\
         -- windlass:allow truncate why not\n\
              -- windlass:allow\nALTER TABLE things DROP COLUMN note;\n-- windlass:allow drop-table too late\n";
    ship.catalog().file("v1.1.0_less", "up.sql", up);

    let found = findings(&ship).await;

    assert_eq!(only(&found, "drop-column", "v1.1.0_less/up.sql:5")["severity"], "warning");
    let unknown = only(&found, "waiver-unknown-rule", "v1.1.0_less/up.sql:1");
    assert!(unknown["remedy"].as_str().expect("a remedy").contains("did you mean drop-column?"), "{unknown:#}");
    assert_eq!(only(&found, "waiver-without-reason", "v1.1.0_less/up.sql:2")["severity"], "warning");
    assert_eq!(only(&found, "waiver-unused", "v1.1.0_less/up.sql:3")["severity"], "info");
    assert_eq!(only(&found, "waiver-unknown-rule", "v1.1.0_less/up.sql:4")["severity"], "warning");
    let late = only(&found, "waiver-unused", "v1.1.0_less/up.sql:6");
    assert!(late["message"].as_str().expect("a message").contains("no statement comes behind it"), "{late:#}");
}

async fn what_the_way_back_drops_is_told(on: On) {
    let ship = with_a_table(on).await;
    ship.catalog()
        .add("v1.1.0_more", "CREATE TABLE more (id int);\n", "\nDROP TABLE more;\n")
        .add("v1.2.0_column", "ALTER TABLE things ADD COLUMN more int;\n", "ALTER TABLE things DROP COLUMN more;\n")
        .add("v1.3.0_index", "CREATE INDEX notes ON things (note);\n", "SELECT 1;\n");

    let found = findings(&ship).await;

    let table = only(&found, "down-loses-data", "v1.1.0_more/down.sql:2");
    assert_eq!(table["severity"], "info");
    assert!(table["message"].as_str().expect("a message").contains("drops table more"), "{table:#}");
    let column = only(&found, "down-loses-data", "v1.2.0_column/down.sql:1");
    assert!(column["message"].as_str().expect("a message").contains("drops column things.more"), "{column:#}");
    assert!(of_rule(&found, "down-loses-data", "v1.3.0").is_empty(), "{found:#?}");
}
