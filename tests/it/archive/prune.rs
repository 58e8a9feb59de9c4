//! Old snapshots go; what is needed stays.

use super::{names, taken, with_rows};
use crate::harness::database::On;

/// Goal: the last good snapshot and the one under the last run stay whatever the rule says; a dry run removes nothing.
#[tokio::test]
async fn what_leads_back_is_never_let_go() {
    let ship = with_rows(On::Sqlite).await;
    let old = taken(&ship).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    ship.cli(&["up"]).await.exits(0);
    let under = names(&ship).await[0].clone();
    let newest = taken(&ship).await;

    let rule = ["snapshot", "prune", "--older-than-days", "0", "--json"];
    let dry = ship.cli(&[&rule[..], &["--dry-run"]].concat()).await.exits(0).json();
    let all = names(&ship).await;
    let done = ship.cli(&rule).await.exits(0).json();

    let removed = |job: &serde_json::Value| -> Vec<String> {
        let removed = job["result"]["removed"].as_array().expect("what went").clone();
        removed.iter().map(|pruned| pruned["id"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(all.len(), 3, "a dry run removes nothing");
    assert_eq!(removed(&dry), [old.clone(), newest.clone()]);
    assert_eq!(removed(&done), [old, newest]);
    assert_eq!(done["result"]["kept_back"][0]["id"], under.as_str(), "{done:#}");
    assert_eq!(names(&ship).await, [under]);
}

#[tokio::test]
async fn a_rule_is_held_to_the_letter() {
    let ship = with_rows(On::Sqlite).await;
    ship.cli(&["snapshot", "create", "--tag", "weekly"]).await.exits(0);
    let weekly = names(&ship).await[0].clone();
    let (second, third) = (taken(&ship).await, taken(&ship).await);

    ship.cli(&["snapshot", "prune", "--older-than-days", "1"]).await.exits(0);
    ship.cli(&["snapshot", "prune"]).await.exits(0);
    assert_eq!(names(&ship).await.len(), 3, "none is a day old, and the settings keep thirty");
    ship.cli(&["snapshot", "prune", "--tag", "weekly", "--keep", "0"]).await.exits(0);
    assert_eq!(names(&ship).await, [third.clone(), second]);
    ship.cli(&["snapshot", "prune", "--keep", "1"]).await.exits(0);
    assert_eq!(names(&ship).await, [third]);
    assert!(!ship.folder().join(format!("data/snapshots/{weekly}.json")).exists());
}
