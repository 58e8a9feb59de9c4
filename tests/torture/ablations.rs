//! Each guarantee is left out once, and must be missed: a test that finds nothing then would find nothing anyway.

use crate::{
    chance::Chance,
    database::On,
    ghosts::haunt,
    orders,
    scenario::{self, Scenario},
    trial::{self, Verdict},
};

/// How many ghosts it may take until one is caught.
const GHOSTS_MAX: u32 = 10;

async fn named(on: On, name: &str) -> Scenario {
    let told = scenario::all(on).into_iter().find(|told| told.name == name).expect("a scenario");
    Scenario::of(on, told).await
}

/// The trial must hold with everything in its place, and break without the guarantee.
async fn is_missed(on: On, fault: &str, with: &str, without: &str) {
    let scenario = named(on, "up").await;
    let orders = orders::read(fault).expect("a fault");
    assert_eq!(trial::run(&scenario, &orders, with).await, Verdict::Held, "{fault} on {on:?} with everything");
    let broken = trial::run(&scenario, &orders, without).await;
    eprintln!("ablation: {without} on {on:?}: {broken:?}");
    assert!(matches!(broken, Verdict::Broken(_)), "{fault} on {on:?} without {without}: {broken:?}");
    scenario.end().await;
}

/// Goal: without the evidence (what a counter of finished statements knows), a schema change is made twice.
#[tokio::test]
async fn evidence_is_missed() {
    // In SQLite no statement of a schema change is by itself.
    for on in [On::Postgres, On::MariaDb] {
        is_missed(on, "done.before=kill@1", "", "evidence").await;
    }
}

/// Goal: with its done mark outside its transaction, a change of rows is made twice.
#[tokio::test]
async fn the_mark_within_the_transaction_is_missed() {
    // A server runs what it was sent although the client is gone; SQLite is in the process that dies.
    for (on, fault) in
        [(On::Sqlite, "rows.reply=kill@3"), (On::Postgres, "rows.reply=kill@2"), (On::MariaDb, "rows.reply=kill@2")]
    {
        is_missed(on, fault, "", "mark-within").await;
    }
}

/// Goal: a run that was overtaken writes nothing more, and without the epoch it would.
///
/// The lock alone would keep it out on the servers, where it ends with the session; so it is on another session here, in both.
#[tokio::test]
async fn the_epoch_is_missed() {
    is_missed(On::Sqlite, "rows.before=takeover@2", "", "fence").await;
    is_missed(On::Postgres, "rows.before=takeover@2", "same-session", "same-session,fence").await;
    is_missed(On::MariaDb, "rows.before=takeover@3", "same-session", "same-session,fence").await;
}

/// Goal: with the lock on another session than the work, a ghost is overtaken.
///
/// On `PostgreSQL` the fence holds its row until the transaction ends, which alone keeps others behind a ghost; it is left out too.
#[tokio::test]
async fn the_lock_on_the_working_session_is_missed() {
    for (on, ablated) in [(On::Postgres, "same-session,fence"), (On::MariaDb, "same-session")] {
        let mut chance = Chance::of(1);
        let told = scenario::held(on).pop().expect("a scenario");
        let scenario = Scenario::of(on, told).await;
        let mut caught = None;
        for _ in 0..GHOSTS_MAX {
            if let Verdict::Broken(how) = haunt(&scenario, ablated, &mut chance).await {
                caught = Some(how);
                break;
            }
        }
        eprintln!("ablation: {ablated} on {on:?}, {}: {caught:?}", scenario.name);
        assert!(caught.is_some(), "no ghost was overtaken in {} on {on:?}", scenario.name);
        scenario.end().await;
    }
}
