//! What past jobs tell.

use serde_json::{Value, json};

use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(what_was_done_is_counted_and_timed);

fn counts(of: &Value) -> [u64; 4] {
    ["succeeded", "failed", "paused", "interrupted"].map(|state| of[state].as_u64().expect("a number"))
}

fn named<'a>(list: &'a Value, field: &str, name: &str) -> &'a Value {
    list.as_array().expect("a list").iter().find(|one| one[field] == name).unwrap_or_else(|| panic!("{name}: {list:#}"))
}

/// Method: two runs, one back, one that fails, one that only looks; then by command and over HTTP.
async fn what_was_done_is_counted_and_timed(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    assert_eq!(ship.cli(&["analytics"]).await.exits(0).stdout, "nothing was done here yet\n");
    ship.catalog().add("v1.0.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.cli(&["down", "--steps", "1"]).await.exits(0);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_wrong", "INSERT INTO nowhere VALUES (1);", "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(1);
    ship.cli(&["up", "--dry-run"]).await;
    ship.serve().await;
    let admin = ship.admin().await;

    let told = admin.get("/api/migration/analytics").await;

    assert_eq!(told.status, 200, "{:#}", told.body);
    assert_eq!(counts(named(&told.body["kinds"], "kind", "migrate"))[..2], [2 + dry_runs(&told.body), 1]);
    let back = named(&told.body["kinds"], "kind", "rollback");
    assert_eq!(counts(back), [1, 0, 0, 0]);
    assert!(back["last_at"].is_string() && back["times"]["median_ms"].is_u64(), "{back:#}");
    let decks: Vec<&Value> = told.body["migrations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["id"] == "v1.0.0_01_decks")
        .collect();
    assert_eq!(decks.len(), 2, "up and down: {:#}", told.body);
    let up = decks.iter().find(|one| one["direction"] == "up").expect("up");
    assert_eq!((&up["succeeded"], &up["failed"]), (&json!(2), &json!(0)));
    let (least, most) = (up["times"]["least_ms"].as_u64(), up["times"]["most_ms"].as_u64());
    assert!(least.is_some() && least <= most, "{up:#}");
    let wrong = named(&told.body["migrations"], "id", "v1.1.0_01_wrong");
    assert_eq!((&wrong["succeeded"], &wrong["failed"], &wrong["times"]), (&json!(0), &json!(1), &Value::Null));
    let shown = ship.cli(&["analytics"]).await.exits(0).stdout;
    assert!(shown.contains("v1.0.0_01_decks") && shown.contains("rollback"), "{shown}");
    assert_eq!(ship.cli(&["analytics", "--json"]).await.exits(0).json(), told.body);
}

/// Jobs that only looked count as jobs, and their migrations as none.
fn dry_runs(told: &Value) -> u64 {
    let all: u64 = told["kinds"].as_array().expect("a list").iter().map(|kind| counts(kind).iter().sum::<u64>()).sum();
    all - 4
}
