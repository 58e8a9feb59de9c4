//! `--break-lock`: an operator ends whoever holds the lock. Only an operator does.

use crate::harness::{
    database::On,
    eventually,
    gate::{self, Gate},
    on_every_engine,
    ship::{Called, Ship},
    signal,
};

on_every_engine!(
    a_lock_is_broken_at_the_server_and_its_run_writes_nothing_more,
    a_lock_that_nobody_holds_is_not_in_the_way,
);

/// A run whose process is stopped inside a statement, and the gate that holds it.
async fn stopped(ship: &Ship) -> (Gate, tokio::process::Child, String) {
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let up = format!(
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{}CREATE TABLE guests (id INTEGER PRIMARY KEY);\n",
        gate::pass(ship.on)
    );
    ship.catalog().add("v1.1.0_01_pass", &up, "DROP TABLE guests;\nDROP TABLE cabins;\nUPDATE gate SET n = n - 1;");
    let gate = Gate::shut(&ship.database).await;
    let begun = ship.cli_begun(&["up", "--snapshot", "never", "--json"]);
    let job = eventually("it is inside", async || {
        let status = ship.cli(&["status", "--json"]).await;
        let lock = if status.code == 0 { status.json()["lock"].clone() } else { return None };
        let is_inside = lock["doing"].as_str().is_some_and(|doing| doing.contains("v1.1.0_01_pass"));
        is_inside.then(|| lock["job"].as_str().expect("a job").to_owned())
    })
    .await;
    signal("STOP", begun.id().expect("it runs")).await;
    (gate, begun, job)
}

/// Goal: a second run takes over from one that is stuck, and when that one wakes up it does no harm.
/// Method: stop the first by a signal, break its lock, let the second finish, and wake the first.
async fn a_lock_is_broken_at_the_server_and_its_run_writes_nothing_more(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    let (gate, first, job) = stopped(&ship).await;
    let process = first.id().expect("it runs");
    let words = ["up", "--break-lock", "--yes", "--wait", "60s", "--snapshot", "never", "--json"];

    if on == On::Sqlite {
        let refused = ship.cli(&words).await.exits(75).failure();
        let detail = refused["detail"].as_str().expect("words");
        assert!(detail.contains(&format!("kill {process}")) && detail.contains(&job), "{detail}");
        signal("CONT", process).await;
        Called::ended(first).await.exits(0);
        return;
    }
    let second = ship.cli_begun(&words);
    eventually("the second run is at work", async || {
        let status = ship.cli(&["status", "--json"]).await;
        let lock = if status.code == 0 { status.json()["lock"].clone() } else { return None };
        lock["job"].as_str().is_some_and(|holder| holder != job).then_some(())
    })
    .await;
    signal("CONT", process).await;
    gate.open().await;
    let second = Called::ended(second).await.exits(0).json();
    let first = Called::ended(first).await.exits(1).json();

    assert_eq!(second["result"]["to"], "1.1.0", "{second:#}");
    assert_eq!(first["problem"]["type"], "fenced", "{first:#}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_pass"]);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1, "once");
    ship.cli(&["validate"]).await.exits(0);
    ship.serve().await;
    let audit = ship.admin().await.get("/api/migration/logs?kind=audit").await.body.to_string();
    assert!(audit.contains("breaks the lock of job") && audit.contains("broke the lock of job"), "{audit}");
    assert!(audit.contains(&job) && audit.contains("cli:ada"), "{audit}");
}

async fn a_lock_that_nobody_holds_is_not_in_the_way(on: On) {
    let ship = Ship::with_sample(on).await;

    let up = ship.cli(&["up", "--break-lock", "--snapshot", "never"]).await.exits(0);
    let down = ship.cli(&["down", "--break-lock", "--yes"]).await.exits(0);

    assert!(up.stderr.contains("nobody holds the lock") && down.stderr.contains("nobody holds the lock"), "{up:?}");
    let refused = ship.elsewhere("http://127.0.0.1:1", Some("a.b.c"), &["up", "--break-lock"]).output().await;
    let refused = Called::of(&refused.expect("its output")).exits(64);
    assert!(refused.stderr.contains("--break-lock is not for a server"), "{refused:?}");
}
