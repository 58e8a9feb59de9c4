//! The alert rules of `docs/monitoring`.

use std::{collections::BTreeSet, fs};

use super::{folder, promtool};

#[tokio::test]
async fn the_rules_are_rules_and_do_what_they_say() {
    promtool(&["check", "rules", "windlass.rules.yml"], "").await;
    promtool(&["test", "rules", "windlass.rules.test.yml"], "").await;
}

/// What stands behind `mark` in a file, each time.
fn all_behind(file: &str, mark: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split(mark).skip(1).map(|rest| rest.split(end).next().unwrap_or_default().to_owned()).collect()
}

/// Goal: no alert is without a test in which it fires, and without its line in the page.
#[test]
fn every_alert_is_tested_and_explained() {
    let alerts = all_behind("windlass.rules.yml", "alert: ");
    assert!(alerts.len() >= 15, "{alerts:?}");
    assert_eq!(all_behind("windlass.rules.test.yml", "      - alertname: "), alerts);
    let page = fs::read_to_string(folder().join("README.md")).unwrap();
    let missing: Vec<&String> = alerts.iter().filter(|alert| !page.contains(&format!("`{alert}`"))).collect();
    assert!(missing.is_empty(), "docs/monitoring/README.md lacks {missing:?}");
}

/// Goal: every name that is measured has its line in the page.
#[tokio::test]
async fn every_figure_is_explained() {
    use crate::harness::{database::On, ship::Ship};
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.cli(&["up"]).await.exits(0);
    ship.serve().await;
    let told = super::figures(&ship.anybody()).await;
    let page = fs::read_to_string(folder().join("README.md")).unwrap();
    let missing: Vec<&String> = told.types.keys().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/monitoring/README.md lacks {missing:?}");
}
