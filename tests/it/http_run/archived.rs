//! An older release in front of a newer database steps it back by what the database kept, or says why it cannot.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(
    an_older_release_steps_back_by_what_was_kept,
    what_cannot_be_stepped_back_is_told_precisely,
    what_is_not_applied_is_not_kept,
);

const OLD: &str = "v1.0.0_01_decks";
const NEW: [&str; 2] = ["v2.0.0_01_holds", "v2.0.0_02_cargo"];
const HOLDS: &str =
    "CREATE TABLE holds (id INTEGER PRIMARY KEY, name VARCHAR(80));\nINSERT INTO holds VALUES (1, 'it''s; fore');";

/// At 2.0.0, with the catalog of a release that knows 1.0.0 alone; and what was there at 1.0.0.
async fn ahead(on: On, down: Option<&str>) -> (Ship, Vec<String>) {
    let ship = Ship::with_catalog(on).await;
    let catalog = ship.catalog();
    catalog.add(
        OLD,
        "CREATE TABLE decks (id INTEGER PRIMARY KEY);\nINSERT INTO decks VALUES (1);",
        "DROP TABLE decks;",
    );
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let at_one = ship.eye().await.everything().await;
    catalog.file(NEW[0], "up.sql", HOLDS);
    if let Some(down) = down {
        catalog.file(NEW[0], "down.sql", down);
    }
    let cargo = "CREATE TABLE cargo (id INTEGER PRIMARY KEY);\nUPDATE decks SET id = id + 1;";
    catalog.add(NEW[1], cargo, "UPDATE decks SET id = id - 1;\n-- the last\nDROP TABLE cargo;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    for id in NEW {
        fs::remove_dir_all(ship.folder().join("migrations").join(id)).expect("a folder");
    }
    (ship, at_one)
}

/// Goal: the release that is put back brings its database back, by command and over HTTP, with what it shows before.
async fn an_older_release_steps_back_by_what_was_kept(on: On) {
    let (mut ship, at_one) = ahead(on, Some("DROP TABLE holds;")).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let refused = ship.cli(&["up", "--json"]).await.exits(2).failure();
    assert_eq!(refused["blocking"][0]["rule"], "database-is-newer");
    assert!(refused["next_step"].as_str().expect("words").ends_with("windlass down --to 1.0.0"), "{refused:#}");

    let shown = ship.cli(&["down", "--to", "1.0.0", "--dry-run"]).await.exits(0).stdout;
    assert!(shown.contains("UPDATE decks SET id = id - 1;"), "{shown}");
    let one = admin.post_and_wait("/api/migration/rollback", json!({"steps": 1})).await;
    assert_eq!((&one["state"], &one["result"]["by"]), (&json!("succeeded"), &json!("down_scripts")), "{one:#}");
    assert_eq!(one["result"]["migrations"][0]["id"], NEW[1]);
    let down = ship.cli(&["down", "--to", "1.0.0", "--json"]).await.exits(0).json();
    assert_eq!(down["result"]["by"], "down_scripts", "{down:#}");

    must_be_same(&ship.eye().await.everything().await, &at_one);
    ship.database_is_at("1.0.0").await;
    ship.cli(&["check"]).await.exits(0);
}

fn reason(refused: &Value) -> String {
    refused.to_string()
}

/// Method: no way back was written; what was kept is gone; it is in a form that a newer windlass writes; it is damaged.
async fn what_cannot_be_stepped_back_is_told_precisely(on: On) {
    let (ship, _) = ahead(on, None).await;
    let before = ship.eye().await.everything().await;
    let back = ["down", "--to", "1.0.0", "--json"];
    let refused = ship.cli(&back).await.exits(2).failure();
    assert_eq!(
        (&refused["blocking"][0]["rule"], &refused["blocking"][0]["place"]),
        (&json!("no-way-back"), &json!(NEW[0]))
    );

    let mut eye = ship.eye().await;
    let content = eye.texts(&format!("SELECT content FROM windlass_archive WHERE name = '{}'", NEW[1])).await;
    eye.run(&format!("DELETE FROM windlass_archive WHERE name = '{}'", NEW[1])).await;
    let refused = ship.cli(&back).await.exits(2).failure();
    assert!(reason(&refused).contains("neither the catalog nor the database's archive has it"), "{refused:#}");

    let newer = content[0].replacen("\"form\":1", "\"form\":2", 1);
    for (kept, told) in [(newer.as_str(), "kept in form 2, which a newer windlass writes"), ("{}", "is damaged")] {
        let row = format!(
            "INSERT INTO windlass_archive (name, content, epoch) VALUES ('{}', '{}', 1)",
            NEW[1],
            kept.replace('\'', "''").replace('\\', if on == On::MariaDb { "\\\\" } else { "\\" })
        );
        eye.run(&row).await;
        let refused = ship.cli(&back).await;
        assert!(refused.code != 0 && refused.stderr.contains(told), "{refused:?}");
        assert!(refused.stderr.contains(NEW[1]), "{refused:?}");
        eye.run(&format!("DELETE FROM windlass_archive WHERE name = '{}'", NEW[1])).await;
    }
    drop(eye);
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.database_is_at("2.0.0").await;
}

/// Goal: what was kept is what is applied, also after going back and forth and under another text.
async fn what_is_not_applied_is_not_kept(on: On) {
    let ship = Ship::with_catalog(on).await;
    let catalog = ship.catalog();
    catalog.add(OLD, "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    catalog.add(NEW[0], HOLDS, "DROP TABLE holds;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.cli(&["down", "--to", "1.0.0"]).await.exits(0);
    catalog.add(NEW[0], HOLDS, "DELETE FROM holds;\nDROP TABLE holds;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    let names = ship.eye().await.texts("SELECT name FROM windlass_archive ORDER BY name").await;
    assert_eq!(names, [OLD, NEW[0]]);
    let kept = format!("SELECT content FROM windlass_archive WHERE name = '{}'", NEW[0]);
    assert!(ship.eye().await.texts(&kept).await[0].contains("DELETE FROM holds"));

    ship.cli(&["down", "--steps", "2"]).await.exits(0);
    let catalog = ship.folder().join("migrations").join(NEW[0]);
    fs::remove_dir_all(catalog).expect("a folder");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    assert_eq!(ship.eye().await.texts("SELECT name FROM windlass_archive ORDER BY name").await, [OLD]);
}
