//! Runs of other processes are told of at once where the engine can tell, though the interval is long.

use std::time::Duration;

use crate::{
    harness::{
        begun::Begun,
        database::On,
        eventually,
        eye::Eye,
        gate::{self, Gate},
        outage::way_to,
        ship::{Answer, Caller, Ship},
    },
    metrics::figures,
};

/// Nobody looks by the clock while a test lasts.
const INTERVAL: &str = "10m";
/// Later would not be at once, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A service that looks at an empty database, and has looked.
async fn watched() -> (Ship, Caller) {
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.set("health.interval", INTERVAL);
    ship.serve().await;
    let caller = ship.anybody();
    caller.health_becomes("seen", |health| health.status == 200).await;
    (ship, caller)
}

async fn is_so_at_once(caller: &Caller, what: &str, is_so: impl Fn(&Answer) -> bool) {
    let told = tokio::time::timeout(AT_ONCE, caller.health_becomes(what, is_so)).await;
    assert!(told.is_ok(), "{what} was not told at once: {:#}", caller.health().await.body);
}

fn is_at(version: &'static str) -> impl Fn(&Answer) -> bool {
    move |health| health.body["actual_db_version"] == version && health.body["migration_running"] == false
}

/// Goal: all that a run of another process changes in what health tells is told at once, from an empty database on: its beginning, its
/// end, the way back, and one that fails.
#[tokio::test]
async fn a_run_of_another_process_is_told_of_at_once() {
    let (ship, caller) = watched().await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    is_so_at_once(&caller, "made", is_at("1.0.0")).await;

    ship.catalog().add("v1.1.0_01_pass", &gate::pass(On::Postgres), "SELECT 1;");
    let gate = Gate::shut(&ship.database).await;
    let up = Begun::of(ship.cli_begun(&["up", "--snapshot", "never"]));
    gate.is_reached(&ship.database).await;
    is_so_at_once(&caller, "running", |health| health.body["migration_running"] == true).await;
    gate.open().await;
    up.ended().await.0.exits(0);
    is_so_at_once(&caller, "done", is_at("1.1.0")).await;

    ship.cli(&["down", "--yes"]).await.exits(0);
    is_so_at_once(&caller, "back", is_at("1.0.0")).await;

    ship.catalog().add("v1.1.0_01_pass", "SELECT of_nothing;", "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(1);
    is_so_at_once(&caller, "failed", is_at("1.0.0")).await;
}

/// Goal: who is called looks, and however often it is called, a few times a second at most; its connection is the one that it had.
/// Method: a stranger calls as fast as the server takes it, each time in a transaction of its own and with other words.
#[tokio::test]
async fn a_flood_of_calls_comes_to_a_few_looks() {
    const CALLS: i64 = 5_000;
    const A_SECOND_MAX: u128 = 4;
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let (proxy, way) = way_to(&ship).await;
    ship.set("target.url", &way);
    ship.set("health.interval", INTERVAL);
    ship.serve().await;
    let caller = ship.anybody();
    caller.health_becomes("seen", |health| health.status == 200).await;
    // It looks once more as soon as it hears: what was called before that, nobody has heard.
    eventually("it hears", async || {
        (figures(&caller).await.value("windlass_health_looks_total", &[]) >= 2.0).then_some(())
    })
    .await;
    let (looks, callers, began) = (proxy.looks(), proxy.callers(), std::time::Instant::now());

    let mut stranger = Eye::on(&ship.database).await;
    for call in 0..CALLS {
        stranger.run(&format!("NOTIFY windlass, '{call}'")).await;
    }
    eventually("the flood is heard", async || (proxy.looks() > looks).then_some(())).await;
    let after = proxy.looks();
    stranger.run("NOTIFY windlass; NOTIFY another").await;
    eventually("the last call is heard", async || (proxy.looks() > after).then_some(())).await;

    let most = began.elapsed().as_millis() * A_SECOND_MAX / 1_000 + 2;
    let seen = proxy.looks() - looks;
    assert!(seen >= 2 && u128::try_from(seen).expect("a number") <= most, "{seen} looks, {most} at most");
    assert_eq!(proxy.callers(), callers, "no other connection was opened");
    ship.set("target.url", &ship.database.url.clone());
    ship.cli(&["down", "--yes"]).await.exits(0);
    is_so_at_once(&caller, "heard behind the flood", |health| health.body["pending_count"] == 1).await;
}
