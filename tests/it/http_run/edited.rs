//! A migration that was edited after it was applied is refused, with the statement that is another now.

use serde_json::{Value, json};

use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(an_edit_names_its_statement, an_edit_of_a_backfill_names_it, what_was_not_kept_names_the_file);

const CABINS: &str = "v1.0.0_01_cabins";
const UP: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY, name VARCHAR(40));\n\
    INSERT INTO cabins VALUES (7, 'fore');\n\
    -- Where the crew sleeps.\n\
    INSERT INTO cabins VALUES (8, 'aft');\n\
    INSERT INTO cabins VALUES (9, 'mid');\n";

async fn with_cabins(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add(CABINS, UP, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");
    ship.serve().await;
    ship
}

/// Where the one thing that blocks is, and what is said of it: over HTTP before a run, and as a plan and a validation say it.
async fn refused(ship: &Ship) -> (String, String) {
    let refused = ship.admin().await.start("1.1.0").await;
    let blocking = &refused.must_be_problem("not-ready", 422)["blocking"];
    assert_eq!((blocking.as_array().unwrap().len(), &blocking[0]["rule"]), (1, &json!("changed-after-applied")));
    let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();
    assert_eq!(&plan["blocking"], blocking);
    let validation = ship.cli(&["validate", "--json"]).await.exits(2).json();
    assert_eq!(validation["result"]["critical_issues"], *blocking, "{validation:#}");
    let said = |key: &str| blocking[0][key].as_str().expect("words").to_owned();
    (said("place"), said("message"))
}

async fn an_edit_names_its_statement(on: On) {
    let ship = with_cabins(on).await;
    let cases = [
        (UP.replace("aft", "bow"), 4, "this statement was changed after it was applied"),
        (
            UP.replace("(7", "(1").replace("(9", "(2"),
            2,
            "this statement and that on line 5 were changed after they were applied",
        ),
        (
            UP.replace("VARCHAR(40)", "TEXT").replace("(8", "(1").replace("(9", "(2"),
            1,
            "this statement and those on the lines 4, 5 were changed after they were applied",
        ),
        (format!("{UP}INSERT INTO cabins VALUES (1, 'x');"), 6, "this statement was added after it was applied"),
        (
            UP.replace("-- Where", "DELETE FROM cabins; DELETE FROM cabins;\n-- Where"),
            3,
            "2 statements, of which this is the first, were added after it was applied",
        ),
        (
            UP.replace("INSERT INTO cabins VALUES (7, 'fore');\n", ""),
            3,
            "1 statement that stood before this one was removed after it was applied",
        ),
        (
            UP.lines().next().expect("a statement").to_owned(),
            1,
            "3 statements that stood behind this one were removed after it was applied",
        ),
        (
            UP.replace("INSERT INTO cabins VALUES (7, 'fore');\n", "").replace("(8", "(1"),
            3,
            "from this statement on, 1 statement stands where 2 others stood when it was applied",
        ),
    ];
    for (up, line, words) in cases {
        ship.catalog().file(CABINS, "up.sql", &up);
        assert_eq!(refused(&ship).await, (format!("{CABINS}/up.sql:{line}"), words.to_owned()), "{up}");
    }

    ship.catalog().file(CABINS, "up.sql", UP);
    ship.cli(&["plan"]).await.exits(0);
}

/// Goal: what windlass carries out in parts is one statement here; and neither that nor a comment in the way leads to another.
#[tokio::test]
async fn an_edit_of_what_is_carried_out_in_parts_names_it() {
    let mut ship = Ship::with_catalog(On::MariaDb).await;
    let up = "CREATE TABLE fore (id INT PRIMARY KEY);\nCREATE TABLE aft (id INT PRIMARY KEY);\n\
        DROP TABLE fore, aft;\nCREATE TABLE cabins (id INT PRIMARY KEY);\n";
    ship.catalog().add(CABINS, up, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_guests", "CREATE TABLE guests (id INT PRIMARY KEY);", "DROP TABLE guests;");
    ship.serve().await;

    for (up, line) in [(up.replace("fore, aft", "fore"), 3), (up.replace("cabins (id INT", "cabins (id BIGINT"), 4)] {
        ship.catalog().file(CABINS, "up.sql", &format!("-- Edited.\n{up}"));
        let words = "this statement was changed after it was applied".to_owned();
        assert_eq!(refused(&ship).await, (format!("{CABINS}/up.sql:{}", line + 1), words));
    }
}

async fn an_edit_of_a_backfill_names_it(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    let backfill =
        "-- windlass:backfill table=cabins key=id\nUPDATE cabins SET name = 'x' WHERE id > :after AND id <= :upto;\n";
    ship.catalog().add(CABINS, UP, "DROP TABLE cabins;").file(CABINS, "backfill.sql", backfill);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");
    ship.serve().await;

    ship.catalog().file(CABINS, "backfill.sql", &backfill.replace("'x'", "'y'"));
    let words = "this statement was changed after it was applied".to_owned();
    assert_eq!(refused(&ship).await, (format!("{CABINS}/backfill.sql:2"), words));

    ship.catalog().file(CABINS, "backfill.sql", &backfill.replace("key=id", "key=name"));
    let (place, message) = refused(&ship).await;
    assert_eq!(place, format!("{CABINS}/up.sql"));
    assert!(message.contains("what the first line of a backfill says"), "{message}");
}

/// Goal: where what was kept is of another text, as of one that was interrupted and finished with it, or nothing was, as by an older
/// windlass, the file is named, and that no more is known; the edit can be approved all the same.
async fn what_was_not_kept_names_the_file(on: On) {
    let ship = with_cabins(on).await;
    ship.catalog().file(CABINS, "up.sql", &UP.replace("aft", "bow"));
    let of_another = "UPDATE windlass_archive SET content = REPLACE(content, 'tokens-v1:', 'tokens-v1:0')";

    for unkept in [of_another, "DELETE FROM windlass_archive"] {
        ship.eye().await.run(unkept).await;
        let (place, message) = refused(&ship).await;
        assert_eq!(place, format!("{CABINS}/up.sql"), "{unkept}");
        assert!(message.contains("which ones is not known"), "{message}");
    }
    let checksum = "SELECT checksum FROM migration_history WHERE migration_number = 1";
    let applied: Value = ship.eye().await.texts(checksum).await.into();
    ship.catalog().file(CABINS, "metadata.json", &json!({"supersedes": applied}).to_string());
    let job = ship.admin().await.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
}
