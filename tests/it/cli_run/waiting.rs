//! Several at once: one works, the others see how far it is, and find nothing left to do.

use crate::harness::{
    begun::Begun,
    database::On,
    eventually,
    eye::Eye,
    gate::{self, Gate},
    on_every_engine,
    ship::{Called, Ship},
    signal,
};

on_every_engine!(
    sixteen_at_once_are_one_run_and_fifteen_who_watch_it,
    whoever_holds_the_lock_tells_what_it_does_and_shows_when_it_is_silent,
);

/// At 1.0.0 with a gate that the next release passes; on PostgreSQL by a concurrent build of an index, which waits for every
/// transaction that is older than itself.
async fn with_gate(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let pass = match on {
        On::Postgres => "CREATE INDEX CONCURRENTLY gate_n ON gate (n);\n".to_owned(),
        _ => gate::pass(on),
    };
    let up = format!("{pass}CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n");
    ship.catalog().add("v1.1.0_01_pass", &up, "DROP TABLE cabins;");
    ship
}

async fn holds_the_lock(ship: &Ship) -> serde_json::Value {
    eventually("somebody holds the lock and tells what it does", async || {
        let status = ship.cli(&["status", "--json"]).await;
        let lock = if status.code == 0 { status.json()["lock"].clone() } else { return None };
        lock["doing"].as_str().is_some_and(|doing| doing.contains("v1.1.0_01_pass")).then_some(lock)
    })
    .await
}

/// Goal: fifteen losers wait, tell of the winner's progress, and succeed; not one of them keeps the winner's concurrent
/// build of an index waiting. Method: hold the winner open until all have told for whom they wait.
async fn sixteen_at_once_are_one_run_and_fifteen_who_watch_it(on: On) {
    let ship = with_gate(on).await;
    let gate = Gate::shut(&ship.database).await;
    let words = ["up", "--wait", "80s", "--snapshot", "never"];

    let all: Vec<Begun> = (0..16).map(|_| Begun::of(ship.cli_begun(&words))).collect();
    let watch = |begun: &Begun| begun.said().contains("waiting for job") && begun.said().contains("at v1.1.0_01_pass");
    if on != On::Sqlite {
        // There the gate opens by itself, perhaps before the last of them has come.
        eventually("fifteen watch the winner", async || {
            (all.iter().filter(|begun| watch(begun)).count() == 15).then_some(())
        })
        .await;
    }
    gate.open().await;

    let mut winners = 0;
    for begun in all {
        let (called, said) = begun.ended().await;
        let called = called.exits(0);
        let has_won = called.stdout.contains("the database went from 1.0.0 to 1.1.0");
        assert!(has_won || called.stdout.contains("nothing to do: the database is at 1.1.0"), "{called:?} {said}");
        winners += u32::from(has_won);
    }
    assert_eq!(winners, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass"]);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM schema_version").await, 2);
    if on == On::Postgres {
        assert_eq!(ship.eye().await.number("SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 0);
    } else {
        assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
    }
}

/// Goal: a process that is stopped keeps the lock, and everybody can see that it is silent.
/// Method: stop it by a signal while it is inside a statement, for longer than three beats.
async fn whoever_holds_the_lock_tells_what_it_does_and_shows_when_it_is_silent(on: On) {
    let ship = with_gate(on).await;
    let gate = Gate::shut(&ship.database).await;
    let begun = ship.cli_begun(&["up", "--snapshot", "never"]);
    let process = begun.id().expect("it runs");
    let lock = holds_the_lock(&ship).await;

    signal("STOP", process).await;
    let told = eventually("it is told as silent", async || {
        let told = ship.cli(&["status"]).await.exits(0).stdout;
        told.contains("silent for").then_some(told)
    })
    .await;
    let busy = ship.cli(&["up", "--wait", "0s", "--json"]).await.exits(75).failure();
    signal("CONT", process).await;
    gate.open().await;
    Called::ended(begun).await.exits(0);

    assert_eq!(lock["process"], process, "{lock:#}");
    assert!(lock["silent_ms"].as_u64().expect("milliseconds") < 15_000, "{lock:#}");
    assert!(lock["doing"].as_str().expect("words").contains("v1.1.0_01_pass, statement 1 of 2"), "{lock:#}");
    assert!(told.contains(&format!("process {process}")) && told.contains("at v1.1.0_01_pass"), "{told}");
    assert!(busy["detail"].as_str().expect("words").contains("silent for"), "{busy:#}");
    if on == On::Sqlite {
        assert_eq!(lock["session"], process.to_string(), "the kernel tells who it is");
    } else {
        must_be_the_session_that_worked(&mut ship.eye().await, lock["session"].as_str().expect("a session")).await;
    }
}

/// The session that was told to hold the lock must have ended with its process.
async fn must_be_the_session_that_worked(eye: &mut Eye, session: &str) {
    let count = match eye {
        Eye::Postgres(_) => format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {session}"),
        _ => format!("SELECT count(*) FROM information_schema.processlist WHERE id = {session}"),
    };
    let eye = tokio::sync::Mutex::new(eye);
    eventually("the session is gone", async || (eye.lock().await.number(&count).await == 0).then_some(())).await;
}
