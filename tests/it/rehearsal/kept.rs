//! Verdicts are kept, shown by the plan, and hold for as long as what they were found of is the same.

use serde_json::Value;

use super::{LOSES_ROWS, blocking, rehearsed, with_rows};
use crate::harness::{database::On, on_every_engine, ship::Ship};

on_every_engine!(
    the_plan_shows_the_latest_verdict_as_long_as_it_holds,
    a_way_back_that_is_not_proven_blocks_where_the_policy_says_so,
    a_history_that_was_tried_proves_what_is_pending,
    a_way_back_that_was_found_wanting_does_not_cover_a_run,
);

/// The planned migrations.
async fn planned(ship: &Ship) -> Vec<Value> {
    let plan = ship.cli(&["plan", "--json"]).await.json();
    let hops = plan["hops"].as_array().expect("hops").iter();
    hops.flat_map(|hop| hop["migrations"].as_array().expect("migrations").clone()).collect()
}

async fn the_plan_shows_the_latest_verdict_as_long_as_it_holds(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;").add(
        "v1.2.0_01_loses",
        LOSES_ROWS.0,
        LOSES_ROWS.1,
    );
    let before = planned(&ship).await;
    rehearsed(&ship, &[], 1).await;

    let after = planned(&ship).await;
    ship.catalog().file("v1.2.0_01_loses", "down.sql", "-- as it was\nALTER TABLE guests ADD COLUMN note VARCHAR(81);");
    let edited = planned(&ship).await;
    ship.catalog().file("v1.2.0_01_loses", "down.sql", LOSES_ROWS.1);
    let put_back = planned(&ship).await;
    ship.eye().await.run("CREATE TABLE strangers (id INTEGER PRIMARY KEY)").await;
    let moved = planned(&ship).await;

    let kinds = |planned: &[Value]| -> Vec<String> {
        planned.iter().map(|one| one["rollback"].as_str().expect("a kind").to_owned()).collect()
    };
    assert_eq!(kinds(&before), ["claimed", "claimed"]);
    assert!(before.iter().all(|one| one["rehearsal"].is_null()), "{before:#?}");
    assert_eq!(kinds(&after), ["proven", "partial"]);
    let rehearsal = &after[1]["rehearsal"];
    assert!(rehearsal["at"].is_string() && rehearsal["up_ms"].is_u64(), "{rehearsal:#}");
    assert_eq!((&rehearsal["from"], &rehearsal["rows"][0]["table"]), (&"data".into(), &"guests".into()));
    assert_eq!((kinds(&edited), kinds(&put_back)), (vec!["proven".into(), "claimed".into()], kinds(&after)));
    assert_eq!(kinds(&moved), ["claimed", "claimed"], "the schema before is another one");
    let shown = ship.cli(&["plan"]).await.exits(0).stdout;
    assert!(shown.contains("down script"), "{shown}");
}

async fn a_way_back_that_is_not_proven_blocks_where_the_policy_says_so(on: On) {
    let mut ship = with_rows(on).await;
    ship.set("policy.rollback", "proven");
    ship.catalog().add("v1.1.0_01_loses", LOSES_ROWS.0, LOSES_ROWS.1);

    let never_tried = ship.cli(&["plan", "--json"]).await.exits(2);
    let refused = ship.cli(&["up", "--json"]).await.exits(2).failure();
    rehearsed(&ship, &[], 1).await;
    let found_wanting = ship.cli(&["plan", "--json"]).await.exits(2);
    let up = "ALTER TABLE guests ADD COLUMN berth INTEGER;";
    ship.catalog().file("v1.1.0_01_loses", "up.sql", up).file(
        "v1.1.0_01_loses",
        "down.sql",
        "ALTER TABLE guests DROP COLUMN berth;",
    );
    rehearsed(&ship, &[], 0).await;
    ship.cli(&["plan", "--json"]).await.exits(0);
    ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(0);
    ship.catalog().file("v1.2.0_01_one_way", "up.sql", "CREATE TABLE logs (id INTEGER PRIMARY KEY);");
    let one_way = ship.cli(&["plan", "--json"]).await.exits(2);

    assert_eq!(blocking(&never_tried), ["rollback-not-proven"]);
    assert_eq!(never_tried.json()["blocking"][0]["remedy"], "windlass rehearse");
    assert_eq!(refused["next_step"], "windlass rehearse", "{refused:#}");
    assert_eq!(blocking(&found_wanting), ["rollback-not-proven"]);
    let words = found_wanting.json()["blocking"][0]["message"].as_str().expect("words").to_owned();
    assert!(words.contains("table guests: its 2 rows are not the same"), "{words}");
    assert_eq!(blocking(&one_way), ["rollback-not-proven"]);
    ship.database_is_at("1.1.0").await;
}

/// Goal: a pipeline without the target's data can prove what is pending there.
async fn a_history_that_was_tried_proves_what_is_pending(on: On) {
    let mut ship = with_rows(on).await;
    ship.set("policy.rollback", "proven");
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    assert_eq!(blocking(&ship.cli(&["plan", "--json"]).await.exits(2)), ["rollback-not-proven"]);

    rehearsed(&ship, &["--history"], 0).await;

    ship.cli(&["plan", "--json"]).await.exits(0);
    assert_eq!(planned(&ship).await[0]["rehearsal"]["from"], "history");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.database_is_at("1.1.0").await;
}

async fn a_way_back_that_was_found_wanting_does_not_cover_a_run(on: On) {
    let mut ship = with_rows(on).await;
    ship.set("policy.snapshot", "required");
    ship.catalog().add("v1.1.0_01_loses", LOSES_ROWS.0, LOSES_ROWS.1);
    rehearsed(&ship, &[], 1).await;

    let job = ship.cli(&["up", "--json"]).await.exits(0).json();

    assert!(job["result"]["snapshot"].is_string(), "{job:#}");
    let found = job["result"]["findings"].as_array().expect("findings").iter();
    assert!(found.map(|finding| &finding["rule"]).any(|rule| rule == "rollback-partial"), "{job:#}");
}
