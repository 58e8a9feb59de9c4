//! windlass as a part of an application: what an axum application of one's own calls.

mod application;
mod fallen;
mod start;
mod stopped;

use std::time::Duration;

use tokio::process::Child;
use windlass::{
    Windlass,
    config::{Catalog, Config, Health, Policy, Run, Snapshots, Store, Target},
    model::{
        loss::LossPolicy,
        order::{PathPolicy, SnapshotPolicy},
    },
};

use crate::harness::{
    database::On,
    eventually,
    gate::{self, Gate},
    ship::Ship,
};

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);";
const GUESTS: &str = "CREATE TABLE guests (id INTEGER PRIMARY KEY);";

/// The settings of an application over this ship's database and catalog, with its files where the ship's command line has them.
fn settings(ship: &Ship) -> Config {
    let data = ship.folder().join("data");
    Config {
        target: Target { url: ship.database.url.clone().into(), ..Target::default() },
        catalog: Catalog { path: ship.catalog().0, ..Catalog::default() },
        store: Store { path: data.join("windlass.db") },
        snapshots: Snapshots { path: data.join("snapshots"), ..Snapshots::default() },
        policy: Policy {
            path: PathPolicy::Through,
            snapshot: SnapshotPolicy::Never,
            loss: LossPolicy::Accept,
            ..Policy::default()
        },
        health: Health { interval: Duration::from_millis(200) },
        run: Run { lock_timeout: Duration::from_mins(1), ..Run::default() },
        ..Config::default()
    }
}

fn opened(config: Config) -> Windlass {
    Windlass::open(config).expect("settings that can be used")
}

/// With two releases, of which none is applied.
async fn with_two_releases(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.catalog().add("v1.1.0_01_guests", GUESTS, "DROP TABLE guests;");
    ship
}

/// With a run of another process, which holds the lock until the gate is opened.
async fn with_a_run_at_a_gate(on: On) -> (Ship, Gate, Child) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "SELECT 1;");
    let gate = Gate::shut(&ship.database).await;
    let first = ship.cli_begun(&["up", "--snapshot", "never", "--json"]);
    eventually("the first run holds the lock", async || {
        let status = ship.cli(&["status", "--json"]).await;
        (status.code == 0 && status.json()["lock"].is_object()).then_some(())
    })
    .await;
    (ship, gate, first)
}
