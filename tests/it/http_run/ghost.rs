//! A client is killed and its statement goes on at the server. Nobody may look at the schema, or begin, before that has
//! ended.

use std::time::{Duration, Instant};

use crate::harness::{
    database::On,
    eventually,
    eye::{Eye, must_be_same},
    gate, on_every_engine,
    ship::Ship,
    signal,
};

on_every_engine!(a_statement_that_outlives_its_client_is_waited_for);

/// How long the statement takes by itself, in seconds.
const GHOST_S: u64 = 4;

/// A release whose second statement takes its time at the server, and needs nobody for that.
async fn with_a_slow_statement(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let slow = match on {
        On::Sqlite => gate::pass(on),
        On::Postgres => format!("CREATE TABLE slow AS SELECT n, pg_sleep({GHOST_S})::text AS slept FROM gate;\n"),
        On::MariaDb => format!("CREATE TABLE slow AS SELECT n, SLEEP({GHOST_S}) AS slept FROM gate;\n"),
    };
    let up = format!(
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{slow}UPDATE gate SET n = n + 10;\nCREATE TABLE guests (id INTEGER PRIMARY KEY);\n"
    );
    ship.catalog().add("v1.1.0_01_slow", &up, "SELECT 1;");
    ship
}

/// The sessions of ours that are at work at the server, by its own account.
async fn ghosts(eye: &mut Eye) -> i64 {
    let sql = match eye {
        Eye::Sqlite(_) => return 0,
        Eye::Postgres(_) => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
             AND query LIKE '%pg_sleep(4)%' AND pid <> pg_backend_pid()"
        }
        Eye::MariaDb(_) => {
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%SLEEP(4)%' \
             AND id <> CONNECTION_ID()"
        }
    };
    eye.number(sql).await
}

/// Goal: the next run waits for the ghost, however soon it comes, and finds the truth.
/// Method: kill the client inside the statement, start again at once, and compare with a run that nothing happened to.
async fn a_statement_that_outlives_its_client_is_waited_for(on: On) {
    let whole = with_a_slow_statement(on).await;
    whole.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let ship = with_a_slow_statement(on).await;
    let mut begun = ship.cli_begun(&["up", "--snapshot", "never"]);
    if on == On::Sqlite {
        eventually("it is inside", async || {
            let status = ship.cli(&["status", "--json"]).await;
            (status.code == 0 && status.json()["lock"]["doing"].is_string()).then_some(())
        })
        .await;
    } else {
        eventually("the server is at it", async || (ghosts(&mut ship.eye().await).await == 1).then_some(())).await;
    }

    signal("KILL", begun.id().expect("it runs")).await;
    let killed = Instant::now();
    let again = ship.cli_begun(&["up", "--wait", "60s", "--snapshot", "never", "--json"]);
    let _ = begun.wait().await;
    let again = crate::harness::ship::Called::ended(again).await.exits(0);
    let took = killed.elapsed();

    assert_eq!(again.json()["state"], "succeeded", "{again:?}");
    assert_eq!(ghosts(&mut ship.eye().await).await, 0);
    must_be_same(&ship.eye().await.everything().await, &whole.eye().await.everything().await);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, if on == On::Sqlite { 11 } else { 10 });
    // The statement once more at most, its own time, and what two busy cores add.
    assert!(took < Duration::from_secs(4 * GHOST_S + 20), "{took:?}");
}
