//! Fresh = upgraded: whether the declared schema and the migrations make the same.

use serde_json::{Value, json};

use super::{FIRST, FRESH, SECOND, declaring, named, set};
use crate::harness::{
    database::On,
    eye::must_be_same,
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    the_same_schema_is_equal_and_the_target_is_not_touched,
    every_difference_is_named_with_its_definition,
    an_engine_has_a_schema_of_its_own,
    a_dump_of_a_database_is_a_declared_schema,
    in_another_tools_folder_it_is_no_migration,
    a_service_does_it_as_well,
);

async fn report(ship: &Ship, code: i32) -> Value {
    ship.cli(&["verify-upgrade", "--json"]).await.exits(code).json()["result"].clone()
}

/// Method: the migrations add the columns in another order, which is told and counts for nothing.
async fn the_same_schema_is_equal_and_the_target_is_not_touched(on: On) {
    let ship = declaring(on).await;
    ship.eye().await.run("CREATE TABLE strangers (id INTEGER PRIMARY KEY)").await;
    let before = ship.eye().await.everything().await;

    let report = report(&ship, 0).await;
    let shown = ship.cli(&["verify-upgrade"]).await.exits(0).stdout;

    assert_eq!((&report["equal"], &report["migrations"]), (&true.into(), &2.into()), "{report:#}");
    assert_eq!(report["declared"], "schema.sql");
    assert_eq!(named(&report["findings"]), set(["column-order decks"]));
    assert_eq!(report["findings"][0]["severity"], "info");
    assert!(shown.contains("schema.sql and 2 migrations make the same schema on "), "{shown}");
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(ship.eye().await.tables().await, ["strangers"], "not even our own tables are made");
}

async fn every_difference_is_named_with_its_definition(on: On) {
    let ship = declaring(on).await;
    let fresh = FRESH
        .replace("DEFAULT 2", "DEFAULT 3")
        .replace("name VARCHAR(80),", "name VARCHAR(80),\n  lamps INTEGER,")
        .replace("CREATE INDEX holds_by_deck ON holds (deck);", "CREATE INDEX holds_by_both ON holds (deck, id);");
    ship.catalog().beside("schema.sql", &format!("{fresh}CREATE TABLE crew (id INTEGER PRIMARY KEY);\n")).file(
        "v1.1.0_01_holds",
        "up.sql",
        &format!("{SECOND}\nCREATE TABLE ropes (id INTEGER PRIMARY KEY);"),
    );

    let report = report(&ship, 2).await;

    assert_eq!(report["equal"], false);
    let differences = report["findings"].as_array().expect("findings").iter();
    let differences: Vec<Value> = differences.filter(|finding| finding["severity"] != "info").cloned().collect();
    let expected = set([
        "table-missing crew",
        "table-orphaned ropes",
        "column-missing decks.lamps",
        "column-changed decks.berths",
        "index-missing holds.holds_by_both",
        "index-orphaned holds.holds_by_deck",
    ]);
    assert_eq!(named(&differences.clone().into()), expected);
    let remedy = |rule: &str| {
        let found = differences.iter().find(|finding| finding["rule"] == rule).expect("the finding");
        found["remedy"].as_str().expect("words").to_owned()
    };
    let table = remedy("table-missing");
    assert!(table.ends_with("; its definition: CREATE TABLE crew (id INTEGER PRIMARY KEY);"), "{table}");
    for rule in ["column-missing", "index-missing"] {
        let told = remedy(rule);
        let (_, statement) = told.split_once("its definition: ").expect("a statement");
        let up = format!("{SECOND}\nCREATE TABLE ropes (id INTEGER PRIMARY KEY);\n{statement}");
        ship.catalog().file("v1.1.0_01_holds", "up.sql", &up);
        let left = ship.cli(&["verify-upgrade", "--json"]).await.exits(2).json();
        assert!(!named(&left["result"]["findings"]).iter().any(|one| one.starts_with(rule)), "{left:#}");
    }
}

async fn an_engine_has_a_schema_of_its_own(on: On) {
    let mut ship = declaring(on).await;
    ship.catalog().beside("schema.sql", "CREATE TABLE other (id INTEGER PRIMARY KEY);");
    let files = [(On::Postgres, "postgres"), (On::MariaDb, "mysql"), (On::Sqlite, "sqlite")];
    for (of, engine) in files {
        let text = if of == on { FRESH } else { "CREATE TABLE wrong (n INTEGER);" };
        ship.catalog().beside(&format!("schema.{engine}.sql"), text);
    }
    let (_, own) = files.into_iter().find(|(of, _)| *of == on).expect("its file");
    assert_eq!(report(&ship, 0).await["declared"], format!("schema.{own}.sql"));

    let elsewhere = ship.folder().join("installer");
    std::fs::create_dir(&elsewhere).expect("a folder");
    std::fs::write(elsewhere.join("all.sql"), format!("{FRESH}CREATE TABLE more (id INTEGER PRIMARY KEY);"))
        .expect("a file");
    ship.set("catalog.schema", "installer/all.sql");
    let report = report(&ship, 2).await;
    assert_eq!(report["declared"], "installer/all.sql");
    assert!(named(&report["findings"]).contains("table-missing more"), "{report:#}");
}

/// Goal: what the engine's own program dumps of a database that windlass has brought up can be declared as it is; our own tables in
/// it are left out.
async fn a_dump_of_a_database_is_a_declared_schema(on: On) {
    let ship = declaring(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let dump = ship.database.schema_as_dumped();
    assert!(dump.contains("schema_version") && dump.contains("windlass_lock"), "{dump}");
    ship.catalog().beside("schema.sql", &dump);

    let report = report(&ship, 0).await;
    ship.eye().await.run("DROP TABLE holds").await;
    let mended = ship.cli(&["validate", "--add-missing", "--json"]).await.exits(0).json();

    assert_eq!((&report["equal"], &report["findings"]), (&true.into(), &json!([])), "{report:#}");
    let added = super::added(&mended["result"]);
    assert!(added[0].starts_with("CREATE TABLE") && added[0].contains("holds"), "{added:#?}");
    assert_eq!(ship.eye().await.own_tables().await, ["decks", "holds"]);
}

/// Goal: a folder of numbered files may declare its schema like any other, and nothing is said of that file.
async fn in_another_tools_folder_it_is_no_migration(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().beside("1_decks.sql", FIRST).beside("2_holds.sql", SECOND).beside("schema.sql", FRESH);

    let report = report(&ship, 0).await;
    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    assert_eq!((&report["equal"], &report["migrations"]), (&true.into(), &2.into()), "{report:#}");
    assert!(!plan["findings"].to_string().contains("schema.sql"), "{plan:#}");
}

async fn a_service_does_it_as_well(on: On) {
    let mut ship = declaring(on).await;
    ship.serve().await;
    let admin = ship.admin().await;

    let job = admin.post_and_wait("/api/migration/verify-upgrade", json!({})).await;
    let bare = admin.post("/api/migration/verify-upgrade", json!({"deep": true})).await;
    let nobody = ship.anybody().post("/api/migration/verify-upgrade", json!({})).await;
    ship.catalog().beside("schema.sql", &format!("{FRESH}CREATE TABLE crew (id INTEGER PRIMARY KEY);"));
    let token = ship.token(&[]).await;
    let mut command = ship.elsewhere(ship.url(), Some(&token), &["verify-upgrade", "--json"]);
    let called = Called::of(&command.output().await.expect("windlass can be run")).exits(2).json();

    assert_eq!((&job["kind"], &job["state"]), (&"verify_upgrade".into(), &"succeeded".into()), "{job:#}");
    assert_eq!(job["result"]["equal"], true);
    bare.must_be_problem("malformed-body", 400);
    nobody.must_be_problem("unauthenticated", 401);
    assert_eq!(called["result"]["equal"], false);
    assert_eq!(ship.eye().await.tables().await, [""; 0]);
}
