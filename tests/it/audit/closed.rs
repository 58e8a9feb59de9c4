//! What cannot be written down is not done.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::{Value, json};

use super::{CABINS, hand, verified};
use crate::harness::{
    database::On,
    eye::must_be_same,
    gate::{self, Gate},
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    on_a_full_disk_every_order_is_refused_and_nothing_is_done,
    without_its_key_every_order_is_refused_and_every_question_answered,
    a_stop_or_a_broken_lock_whose_line_is_refused_changes_nothing,
);

async fn made(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    ship
}

/// Method: the folder of the control store is a file system of its own without a byte of room.
async fn on_a_full_disk_every_order_is_refused_and_nothing_is_done(on: On) {
    let ship = made(on).await;
    let before = ship.eye().await.everything().await;
    let script = "cp -a data aside
        mount -t tmpfs -o size=8m none data
        cp -a aside/. data
        for order in 'up --snapshot never' 'down --yes' 'validate'; do
          dd if=/dev/zero of=data/ballast oflag=append conv=notrunc bs=1k 2>/dev/null || true
          code=0; $windlass $order --json 2>>refused || code=$?
          echo $code >>codes
        done
        rm data/ballast
        $windlass audit verify --json >report
        rm -rf aside && cp -a data aside";

    let mut shell = ship.shell("exec unshare --user --map-root-user --mount bash -euc \"$script\"");
    shell.env("script", script).env("windlass", env!("CARGO_BIN_EXE_windlass"));
    shell.env("PATH", std::env::var("PATH").unwrap());
    // Root's own, which the namespace makes of anybody, could not be read.
    shell.env("HOME", ship.folder());
    let output = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap();
    Called::of(&output).exits(0);

    let told = |name: &str| fs::read_to_string(ship.folder().join(name)).unwrap();
    assert_eq!(told("codes"), "78\n78\n78\n", "{}", told("refused"));
    let text = told("refused");
    let problems = serde_json::Deserializer::from_str(&text).into_iter();
    let refused: Vec<Value> = problems.map(|one| one.unwrap_or_else(|error| panic!("{error}: {text}"))).collect();
    assert_eq!(refused.len(), 3);
    for problem in refused {
        assert_eq!(problem["type"], "urn:windlass:problem:store-unusable", "{problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("data/windlass.db"), "{problem:#}");
    }
    must_be_same(&ship.eye().await.everything().await, &before);
    let report: Value = serde_json::from_str(&told("report")).unwrap();
    assert_eq!((&report["whole"], &report["entries"]), (&json!(true), &json!(2)), "{report:#}");
}

async fn without_its_key_every_order_is_refused_and_every_question_answered(on: On) {
    let mut ship = made(on).await;
    ship.serve().await;
    let key = ship.folder().join("data/audit.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let before = ship.eye().await.everything().await;

    for words in [&["up", "--snapshot", "never", "--json"][..], &["validate", "--json"]] {
        let failure = ship.cli(words).await.exits(78).failure();
        let detail = failure["detail"].as_str().unwrap();
        assert!(detail.contains("audit.key") && detail.contains("nothing was done"), "{failure:#}");
    }
    for words in [&["status"][..], &["audit", "list"], &["plan"]] {
        ship.cli(words).await.exits(0);
    }
    must_be_same(&ship.eye().await.everything().await, &before);

    // A service refuses as well, and goes on once the key is as it must be.
    ship.kill().await;
    ship.serve().await;
    assert!(ship.log().contains("every order is refused"), "{}", ship.log());
    let admin = ship.admin().await;
    let refused = admin.start("1.1.0").await;
    refused.must_be_problem("store-unusable", 503);
    assert_eq!(admin.get("/api/migration/status").await.status, 200);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let job = admin.start("1.1.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    assert_eq!(verified(&ship, &[]).await.exits(0).json()["entries"], 4);
}

/// Goal: an order that cannot be written down leaves no job either. Method: the line is refused by the store itself.
#[tokio::test]
async fn an_order_whose_line_is_refused_leaves_no_job() {
    let ship = made(On::Sqlite).await;
    let mut hand = hand(&ship).await;
    hand.run("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'not now'); END").await;

    let failure = ship.cli(&["validate", "--json"]).await.exits(78).failure();

    assert!(failure["detail"].as_str().unwrap().contains("not now"), "{failure:#}");
    assert_eq!(hand.number("SELECT count(*) FROM job").await, 1);
    hand.run("DROP TRIGGER no").await;
    ship.cli(&["validate"]).await.exits(0);
    verified(&ship, &[]).await.exits(0);
}

/// Method: a migration is held open, the store refuses every line, and the run goes on to its end all the same.
async fn a_stop_or_a_broken_lock_whose_line_is_refused_changes_nothing(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "UPDATE gate SET n = n - 1;").add(
        "v1.1.0_02_cabins",
        CABINS,
        "DROP TABLE cabins;",
    );
    ship.serve().await;
    let (admin, mut hand) = (ship.admin().await, hand(&ship).await);
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    hand.run("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'not now'); END").await;
    for mode in ["safe", "now"] {
        admin.post("/api/migration/stop", json!({"mode": mode})).await.must_be_problem("store-unusable", 503);
    }
    let breaking =
        ship.cli(&["up", "--break-lock", "--yes", "--snapshot", "never", "--json"]).await.exits(78).failure();
    let state = admin.get(&format!("/api/migration/progress?job={job}")).await.body["state"].clone();
    hand.run("DROP TRIGGER no").await;
    gate.open().await;

    assert!(breaking["detail"].as_str().unwrap().contains("not now"), "{breaking:#}");
    assert_eq!(state, "running");
    ship.job_ends_as(&job, "succeeded").await;
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass", "v1.1.0_02_cabins"]);
    verified(&ship, &[]).await.exits(0);
}
