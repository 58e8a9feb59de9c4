//! A published product that carries both: what a fresh installation runs, and the scripts that lead there from the release before.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    history::PGMQ,
    life::{list, text},
};
use crate::harness::{
    command_line::Windlass,
    crate_source::{Published, source_of},
    database::{Database, On, fresh},
};

/// Its release before, for what an old installation ran.
const BEFORE: Published = Published { name: "pgmq", version: "0.33.0" };

/// Where both carry their scripts.
const SCRIPTS: &str = "src/install/embedded/sql";

/// The upgrades from 1.11.0, which `BEFORE` installs, each with the version that it leads to.
const UPGRADES: [(&str, &str); 3] = [
    ("1.11.1", "pgmq--1.11.0--1.11.1.sql"),
    ("1.12.0", "pgmq--1.11.1--1.12.0.sql"),
    ("1.13.0", "pgmq--1.12.0--1.13.0.sql"),
];

/// The scripts as a catalog, with the upgrades up to this many.
fn catalog(upgrades: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |from: &Path, to: &str| {
        let to = folder.path().join(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("its folder");
        fs::copy(from, to).expect("a script");
    };
    let (old, new) = (source_of(BEFORE).join(SCRIPTS), source_of(PGMQ).join(SCRIPTS));
    copy(&old.join("pgmq.sql"), "v1.11.0_01_installed/up.sql");
    for (version, file) in UPGRADES.iter().take(upgrades) {
        copy(&new.join(file), &format!("v{version}_01_upgraded/up.sql"));
    }
    copy(&new.join("pgmq.sql"), "schema.sql");
    folder
}

/// What PostgreSQL's own client and dump make of the same files: fresh, and upgraded.
async fn by_hand(catalog: &Path, upgrades: usize) -> (String, String) {
    let (one, other) = (fresh(On::Postgres).await, fresh(On::Postgres).await);
    let runs = |database: &Database, file: &str| database.runs(&catalog.join(file)).expect(file);
    runs(&one, "schema.sql");
    runs(&other, "v1.11.0_01_installed/up.sql");
    for (version, _) in UPGRADES.iter().take(upgrades) {
        runs(&other, &format!("v{version}_01_upgraded/up.sql"));
    }
    (one.in_its_own_words(), other.in_its_own_words())
}

/// Goal: a product whose upgrades lead to what it installs is told so, and `pg_dump` agrees.
#[tokio::test]
async fn pgmq_is_the_same_fresh_and_upgraded() {
    let (target, catalog) = (fresh(On::Postgres).await, catalog(UPGRADES.len()));

    let said = Windlass::on(&target, catalog.path()).says("verify-upgrade");

    assert_eq!((said.exit, &said.result["result"]["equal"]), (0, &Value::Bool(true)), "{said:#?}");
    assert_eq!(said.result["result"]["migrations"], 4);
    let (fresh, upgraded) = by_hand(catalog.path(), UPGRADES.len()).await;
    assert!(fresh == upgraded && fresh.contains("pgmq.meta"), "pg_dump tells them apart");
}

/// Goal: where one upgrade is left out, exactly what that one changes is named, and `pg_dump` tells both apart.
#[tokio::test]
async fn pgmq_without_its_last_upgrade_is_not() {
    let (target, catalog) = (fresh(On::Postgres).await, catalog(UPGRADES.len() - 1));

    let said = Windlass::on(&target, catalog.path()).says("verify-upgrade");

    assert_eq!((said.exit, &said.result["result"]["equal"]), (2, &Value::Bool(false)), "{said:#?}");
    let (fresh, upgraded) = by_hand(catalog.path(), UPGRADES.len() - 1).await;
    assert_ne!(fresh, upgraded, "pg_dump tells them apart");
    let named: BTreeSet<&str> = list(&said.result, "/result/findings").iter().map(object).collect();
    assert_eq!(named, BTreeSet::from(["create_partitioned", "metrics", "metrics_result"]), "{said:#?}");
}

/// The name of what a finding is about, without its kind, its schema and its arguments.
fn object(finding: &Value) -> &str {
    let place = text(finding, "/place");
    let (_, name) = place.split_once("pgmq.").expect("an object of the product's schema");
    name.split('(').next().expect("its name")
}
