//! What cannot be cut is refused in the plan, before anything is changed.

use serde_json::Value;

use super::{BATCHES, COUNTING, add, add_with, rows, with_cargo, with_table};
use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(
    a_table_without_a_usable_key_is_refused_in_the_plan,
    a_table_or_key_that_is_not_there_is_refused_in_the_plan,
    what_the_run_itself_makes_may_be_cut,
    the_plan_shows_the_step,
    a_dry_run_shows_it_and_changes_nothing,
);

/// What stands in the way, by the plan; a run must be refused alike, and leave everything as it was.
async fn refused(ship: &Ship) -> String {
    let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();
    let blocking = plan["blocking"].as_array().expect("findings");
    let [finding] = blocking.as_slice() else { panic!("{blocking:#?}") };
    assert_eq!(
        (&finding["rule"], &finding["place"]),
        (&"backfill".into(), &format!("{BATCHES}/backfill.sql:2").into())
    );
    ship.cli(&["up"]).await.exits(2);
    ship.database_is_at("1.0.0").await;
    let said = |field: &str| finding[field].as_str().expect("words").to_owned();
    format!("{}; {}", said("message"), said("remedy"))
}

async fn a_table_without_a_usable_key_is_refused_in_the_plan(on: On) {
    let ship = with_table(on, "id INTEGER, code VARCHAR(20), n INTEGER NOT NULL").await;
    let nothing = "the table cargo has no primary key whose columns are never NULL, so it cannot be cut into batches; \
                   give it a primary key in up.sql, or put the statement into up.sql";
    let backfill = "-- windlass:backfill table=cargo\nUPDATE cargo SET n = n + 1 WHERE :range";
    add(&ship, backfill);
    assert_eq!(refused(&ship).await, nothing);

    ship.eye().await.run("CREATE UNIQUE INDEX by_code ON cargo (code)").await;
    assert_eq!(refused(&ship).await, nothing, "a unique key with NULL in it is none");

    let mut eye = ship.eye().await;
    eye.run("DROP TABLE cargo").await;
    eye.run("CREATE TABLE cargo (a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER NOT NULL, UNIQUE (a, b))").await;
    let other = "the table cargo has no primary key whose columns are never NULL, so it cannot be cut into batches; \
                 cut it by another of its keys: key=a,b";
    assert_eq!(refused(&ship).await, other);

    ship.catalog().file(BATCHES, "backfill.sql", &backfill.replace("cargo\n", "cargo key=a,b\n"));
    ship.cli(&["up"]).await.exits(0);
}

async fn a_table_or_key_that_is_not_there_is_refused_in_the_plan(on: On) {
    let ship = with_cargo(on, 1).await;
    add(&ship, &COUNTING.replace("table=cargo", "table=freight"));
    let told = refused(&ship).await;
    assert!(told.starts_with("there is no table freight; write the table's name as the database has it"), "{told}");

    add(&ship, &COUNTING.replace("key=id", "key=n"));
    let told = refused(&ship).await;
    assert!(told.starts_with("the table cargo has no unique key n ") && told.ends_with("key=id"), "{told}");

    let mut eye = ship.eye().await;
    eye.run("DROP TABLE cargo").await;
    eye.run("CREATE TABLE cargo (a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (a, b))")
        .await;
    add(&ship, "-- windlass:backfill table=cargo\nUPDATE cargo SET n = 1 WHERE a > :after AND a <= :upto");
    let told = refused(&ship).await;
    assert!(told.contains("that of cargo is a, b; write `:range` in their place"), "{told}");

    if on == On::MariaDb {
        eye.run("ALTER TABLE cargo DROP PRIMARY KEY, DROP COLUMN b, MODIFY a ENUM('x', 'y') PRIMARY KEY").await;
        let told = refused(&ship).await;
        assert!(told.starts_with("the table cargo cannot be cut into batches by its column a of type enum"), "{told}");
    }
}

/// Goal: what is not there yet is no reason to refuse, when the scripts before it name it.
async fn what_the_run_itself_makes_may_be_cut(on: On) {
    let ship = with_table(on, "id INTEGER NOT NULL, n INTEGER NOT NULL").await;
    ship.eye().await.run("INSERT INTO cargo VALUES (1, 0), (2, 0)").await;
    let keyed = "CREATE UNIQUE INDEX by_id ON cargo (id);";
    add_with(&ship, keyed, COUNTING);
    let made = "CREATE TABLE crates (id INTEGER PRIMARY KEY, n INTEGER);\nINSERT INTO crates SELECT id, n FROM cargo;";
    ship.catalog().file("v1.2.0_01_crates", "up.sql", made).file(
        "v1.2.0_01_crates",
        "backfill.sql",
        "-- windlass:backfill table=crates\nUPDATE crates SET n = n + 10 WHERE :range",
    );

    ship.cli(&["up"]).await.exits(0);

    assert_eq!(rows(&ship, "n = 1").await, 2);
    assert_eq!(ship.eye().await.number("SELECT SUM(n) FROM crates").await, 22);
    ship.database_is_at("1.2.0").await;
}

/// Goal: a row that no range can hold is not left out in silence. Only `SQLite` has such keys.
#[tokio::test]
async fn a_key_without_a_value_in_some_row_is_refused() {
    let ship = with_table(On::Sqlite, "id TEXT PRIMARY KEY, n INTEGER NOT NULL").await;
    ship.eye().await.run("INSERT INTO cargo VALUES ('a', 0), (NULL, 0)").await;
    add(&ship, COUNTING);

    let failed = ship.cli(&["up", "--json"]).await.exits(1).failure();
    ship.eye().await.run("UPDATE cargo SET id = 'b' WHERE id IS NULL").await;
    ship.cli(&["up"]).await.exits(0);

    assert!(failed["detail"].as_str().expect("words").contains("has rows without a value in id"), "{failed:#}");
    assert_eq!(rows(&ship, "n = 1").await, 2);
}

async fn the_plan_shows_the_step(on: On) {
    let ship = with_cargo(on, 2).await;
    add_with(&ship, "ALTER TABLE cargo ADD COLUMN m INTEGER;", COUNTING);

    let plan = ship.cli(&["plan", "--json", "--sql"]).await.exits(0).json();
    let said = ship.cli(&["plan"]).await.exits(0).stdout;

    let planned = &plan["hops"][0]["migrations"][0];
    assert_eq!(planned["route"], "journaled", "{planned:#}");
    let statements = planned["statements"].as_array().expect("statements");
    let [_, step] = statements.as_slice() else { panic!("{statements:#?}") };
    assert_eq!((&step["place"], &step["kind"]), (&format!("{BATCHES}/backfill.sql:2").into(), &"rows".into()));
    assert_eq!((&step["backfill"]["table"], &step["backfill"]["key"][0]), (&"cargo".into(), &"id".into()), "{step:#}");
    assert!(step["sql"].as_str().expect("its text").contains(":after"), "{step:#}");
    assert!(said.contains("then rows in batches"), "{said}");
    ship.catalog().file(BATCHES, "metadata.json", r#"{"transactional": true}"#);
    let plan = ship.cli(&["plan", "--json"]).await.exits(2).json();
    assert_eq!(plan["blocking"][0]["rule"], "cannot-be-transactional", "{plan:#}");
}

async fn a_dry_run_shows_it_and_changes_nothing(on: On) {
    let ship = with_cargo(on, 2).await;
    add(&ship, COUNTING);

    let shown: Value = ship.cli(&["up", "--dry-run", "--json"]).await.exits(0).json();

    let statements = shown["result"]["migrations"][0]["statements"].to_string();
    assert!(statements.contains("UPDATE cargo SET n = n + 1 WHERE id > :after AND id <= :upto"), "{shown:#}");
    assert_eq!(rows(&ship, "n = 0").await, 100);
    ship.database_is_at("1.0.0").await;
}
