//! New migrations that begin with a pattern.

use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(a_pattern_goes_up_and_all_the_way_back, both_names_of_a_column_are_kept_equal_until_the_old_one_goes,);

/// Goal: what a pattern writes runs as it is, and its way back leads back.
async fn a_pattern_goes_up_and_all_the_way_back(on: On) {
    let ship = Ship::with_catalog(on).await;
    let empty = ship.eye().await.everything().await;
    let new = |words: &'static str| {
        let words: Vec<&str> = words.split(' ').collect();
        let ship = &ship;
        async move { ship.cli(&[&["new"], words.as_slice()].concat()).await.exits(0).stdout }
    };
    let path = new("decks --version 1.0.0 --template create-table --table decks").await;
    assert!(path.ends_with("migrations/v1.0.0_01_decks\n"), "{path}");
    new("deck_name --version 1.0.0 --template add-column --table decks --column name --type VARCHAR(80)").await;
    new("deck_label --version 1.0.0 --template add-column --table decks --column label --type VARCHAR(80)").await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.eye().await.run("INSERT INTO decks (id, name) VALUES (1, 'main'), (2, 'orlop')").await;
    let filled = ship.eye().await.everything().await;
    new("deck_names --version 1.1.0 --template create-index --table decks --column name").await;
    new("deck_labels --version 1.1.0 --template backfill --table decks --column label --other name").await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    assert_eq!(ship.eye().await.texts("SELECT label FROM decks ORDER BY id").await, ["main", "orlop"]);
    ship.cli(&["down", "--to", "1.0.0"]).await.exits(0);
    ship.eye().await.run("UPDATE decks SET label = NULL").await;
    must_be_same(&ship.eye().await.everything().await, &filled);
    ship.cli(&["down", "--steps", "3"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &empty);
}

/// Goal: a release that knows the old name and one that knows the new one work side by side, and no value is lost.
async fn both_names_of_a_column_are_kept_equal_until_the_old_one_goes(on: On) {
    let ship = Ship::with_catalog(on).await;
    let decks = "CREATE TABLE decks (id INTEGER PRIMARY KEY, name VARCHAR(80));\nINSERT INTO decks VALUES (1, 'main'), (2, NULL);";
    ship.catalog().add("v1.0.0_01_decks", decks, "DROP TABLE decks;");
    let new = "new title --version 1.1.0 --then 1.2.0 --template rename-column --table decks --column name --other title --type VARCHAR(80)";
    let words: Vec<&str> = new.split(' ').collect();
    let written = ship.cli(&words).await.exits(0).stdout;
    assert!(written.contains("v1.1.0_01_title_begin\n") && written.contains("v1.2.0_01_title_end\n"), "{written}");
    ship.cli(&["up", "--to", "1.1.0", "--snapshot", "never"]).await.exits(0);

    let mut eye = ship.eye().await;
    for change in [
        "INSERT INTO decks (id, name) VALUES (3, 'of the old release')",
        "INSERT INTO decks (id, title) VALUES (4, 'of the new release')",
        "UPDATE decks SET name = 'changed by the old' WHERE id = 1",
        "UPDATE decks SET title = 'changed by the new' WHERE id = 2",
        "UPDATE decks SET title = NULL WHERE id = 4",
    ] {
        eye.run(change).await;
    }
    let expected = ["changed by the old", "changed by the new", "of the old release", "~"];
    for column in ["name", "title"] {
        let values = eye.texts(&format!("SELECT COALESCE({column}, '~') FROM decks ORDER BY id")).await;
        assert_eq!(values, expected, "{column}");
    }
    let both = eye.everything().await;
    drop(eye);
    ship.cli(&["up", "--to", "1.2.0", "--snapshot", "never"]).await.exits(0);
    let titles = "SELECT COALESCE(title, '~') FROM decks ORDER BY id";
    assert_eq!(ship.eye().await.texts(titles).await, expected);

    ship.cli(&["down", "--to", "1.1.0"]).await.exits(0);
    assert_eq!(ship.eye().await.texts("SELECT COALESCE(name, '~') FROM decks ORDER BY id").await, expected);
    ship.eye().await.run("UPDATE decks SET name = 'again' WHERE id = 3").await;
    assert_eq!(ship.eye().await.texts("SELECT title FROM decks WHERE id = 3").await, ["again"]);
    assert_eq!(ship.eye().await.everything().await.len(), both.len());
    ship.cli(&["down", "--to", "1.0.0"]).await.exits(0);
    assert_eq!(ship.eye().await.texts("SELECT name FROM decks WHERE id = 3").await, ["again"]);
}

/// Goal: what a pattern lacks, or has no use for, is named, and nothing is written.
#[tokio::test]
async fn a_pattern_that_is_not_filled_is_refused() {
    let ship = Ship::with_catalog(On::Sqlite).await;
    for (words, told) in [
        ("--template add-column --table decks --column name", "--template add-column needs --type"),
        ("--template create-table --table decks --other x", "--template create-table has no use for --other"),
        ("--template create-index --table decks;x --column name", "letters, digits and _"),
        ("--template add-column --table decks --column name --type INT;DROP", "write it as VARCHAR(80)"),
        ("--template rename-column --table d --column a --other b --type INT --then 1.0.0", "is no later version"),
        ("--template nothing", "create-table"),
        ("--table decks", "--template"),
    ] {
        let words: Vec<&str> = ["new", "x", "--version", "1.0.0"].into_iter().chain(words.split(' ')).collect();
        let refused = ship.cli(&words).await.exits(64);
        assert!(refused.stderr.contains(told), "{words:?}: {}", refused.stderr);
    }
    let left = std::fs::read_dir(ship.folder().join("migrations")).expect("the catalog").count();
    assert_eq!(left, 0);
}

/// Goal: a program reads where the new migration is, and a person writes it.
#[tokio::test]
async fn a_new_migration_is_told_by_its_path() {
    let ship = Ship::with_catalog(On::Sqlite).await;
    let plain = ship.cli(&["new", "add_users", "--version", "1.2.0", "--quiet"]).await.exits(0);
    assert_eq!((plain.stdout.as_str(), plain.stderr.as_str()), ("migrations/v1.2.0_01_add_users\n", ""));
    assert!(ship.folder().join("migrations/v1.2.0_01_add_users/up.sql").is_file());

    let json = ship.cli(&["new", "add_ships", "--version", "1.2.0", "--json"]).await.exits(0).json();
    assert_eq!(json["paths"], serde_json::json!(["migrations/v1.2.0_02_add_ships"]));
}
