//! A restore that was interrupted where its swap takes several steps: everybody is told, and the next run or the next start
//! of the service brings it to its end. How it is interrupted for real is the torture's to try.

use crate::harness::{
    database::{Database, On},
    eventually,
    ship::Ship,
};

/// A snapshot that nobody needs any more: what it brings is kept beside the database.
const SNAPSHOT: &str = "01J9Z3M8K6S0000000000000AB";

/// The database that keeps what was before.
fn kept(database: &Database) -> String {
    format!("{}__windlass_kept_01j9z3m8", database.url.rsplit_once('/').expect("a name").1)
}

/// At 1.0.0, in the middle of a swap whose tables have not moved yet: a trigger is gone.
async fn in_the_middle() -> Ship {
    let ship = Ship::with_catalog(On::MariaDb).await;
    let up = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\nCREATE TABLE log (line TEXT);\n\
              CREATE TRIGGER notes AFTER INSERT ON cabins FOR EACH ROW INSERT INTO log VALUES ('cabin');\n";
    ship.catalog().add("v1.0.0_01_cabins", up, "DROP TABLE log;\nDROP TABLE cabins;\n");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let kept = kept(&ship.database);
    let mut eye = ship.eye().await;
    for sql in [
        "DROP TRIGGER notes".to_owned(),
        format!("CREATE DATABASE {kept}"),
        format!(
            "CREATE TABLE {kept}.windlass_restore (place INT PRIMARY KEY AUTO_INCREMENT, side VARCHAR(6), kind VARCHAR(20), \
             name VARCHAR(64), made_by LONGTEXT, sql_mode TEXT, time_zone VARCHAR(64), collation_name VARCHAR(64))"
        ),
        format!(
            "INSERT INTO {kept}.windlass_restore (side, kind, name, made_by, collation_name) VALUES ('before', 'TRIGGER', \
             'notes', 'CREATE TRIGGER notes AFTER INSERT ON cabins FOR EACH ROW INSERT INTO log VALUES (''cabin'')', \
             'utf8mb4_general_ci')"
        ),
        format!(
            "INSERT INTO windlass_lock (id, layout, epoch, holder) VALUES (3, 2, 1, '{{\"snapshot\":\"{SNAPSHOT}\",\
             \"phase\":\"swapping\",\"copy\":\"{kept}_copy\",\"kept\":\"{kept}\",\"fingerprint\":\"\"}}')"
        ),
    ] {
        eye.run(&sql).await;
    }
    ship
}

/// Everything is in its place, and nothing is left beside the database.
async fn is_whole(ship: &Ship) -> bool {
    let mut eye = ship.eye().await;
    let triggers =
        eye.number("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()").await;
    let beside =
        "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE CONCAT(DATABASE(), '\\_\\_%')";
    let noted = eye.number("SELECT COUNT(*) FROM windlass_lock WHERE id = 3").await;
    (triggers, eye.number(beside).await, noted) == (1, 0, 0)
}

#[tokio::test]
async fn the_next_run_goes_on_with_it_and_everybody_is_told_before() {
    let ship = in_the_middle().await;

    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let shown = ship.cli(&["status"]).await.exits(0).stdout;
    let dry = ship.cli(&["up", "--dry-run", "--json"]).await.exits(0).json();
    assert!(!is_whole(&ship).await, "whoever only looks changes nothing");
    let up = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(0).json();

    assert_eq!(status["unfinished"]["snapshot"], SNAPSHOT, "{status:#}");
    let told = format!("interrupted  the restore of snapshot {SNAPSHOT}; windlass up goes on");
    assert!(shown.contains(&told), "{shown}");
    let has = |job: &serde_json::Value, rule: &str| {
        job["result"]["findings"].as_array().expect("findings").iter().any(|finding| finding["rule"] == rule)
    };
    assert!(has(&dry, "interrupted"), "{dry:#}");
    assert!(has(&up, "recovered"), "{up:#}");
    assert!(is_whole(&ship).await);
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert!(status["unfinished"].is_null(), "{status:#}");
}

#[tokio::test]
async fn a_snapshot_is_of_the_whole_database() {
    let ship = in_the_middle().await;

    ship.cli(&["snapshot", "create"]).await.exits(0);

    assert!(is_whole(&ship).await);
}

#[tokio::test]
async fn a_service_goes_on_with_it_when_it_starts() {
    let mut ship = in_the_middle().await;

    ship.serve().await;

    eventually("the restore is brought to its end", async || is_whole(&ship).await.then_some(())).await;
}

/// Goal: what cannot be brought to its end is told, as often as it is tried. Method: somebody removes what is kept.
#[tokio::test]
async fn what_cannot_be_brought_to_its_end_is_told() {
    let ship = in_the_middle().await;
    ship.eye().await.run(&format!("DROP DATABASE {}", kept(&ship.database))).await;

    for _ in 0..2 {
        let job = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();
        let problem = &job["problem"];
        assert_eq!(problem["type"], "interrupted", "{problem:#}");
        let state = problem["target_state"].as_str().expect("words");
        assert!(state.contains("partly restored"), "{problem:#}");
    }
}
