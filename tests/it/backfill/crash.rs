//! The process dies, or its connection: what is done stays done, and the rest follows.

use serde_json::json;

use super::{BATCHES, COUNTING, add, add_with, rows, rows_done, with_cargo};
use crate::harness::{
    database::On, eventually, eye::must_be_same, on_every_engine, on_every_server, proxy::Proxy, ship::Ship,
};

on_every_engine!(killed_again_and_again_it_changes_each_row_once, only_the_statement_may_be_mended_on_the_way,);

on_every_server!(a_connection_that_is_lost_is_replaced);

/// How often the process is killed.
const KILLS: i64 = 5;

/// Waits until so many rows are done, by the database's own word.
async fn done_are(ship: &Ship, wanted: i64) {
    eventually(&format!("{wanted} rows are done"), async || (rows_done(ship).await >= Some(wanted)).then_some(()))
        .await;
}

/// Begins the run, and kills it once so many rows are done.
async fn killed_after(ship: &Ship, wanted: i64) {
    let mut run = ship.cli_begun(&["up", "--wait", "60s"]);
    done_are(ship, wanted).await;
    run.kill().await.expect("it runs, and can be killed");
}

/// Method: every kill finds it in the middle, as the limit makes the whole take longer than it is watched. The forward
/// script happens once as well, and nothing is recorded before the end.
async fn killed_again_and_again_it_changes_each_row_once(on: On) {
    let mut ship = with_cargo(on, 4).await;
    let backfill = COUNTING.replace("key=id", "key=id batch=90").replace("n = n + 1", "n = n + 1, m = id");
    add_with(&ship, "ALTER TABLE cargo ADD COLUMN m INTEGER;\nUPDATE cargo SET n = 10 WHERE id = 77;", &backfill);
    ship.set("backfill.max_rows_per_second", "4000");
    for kill in 1..=KILLS {
        killed_after(&ship, kill * 900).await;
        assert_eq!(ship.applied().await, ["v1.0.0_01_cargo"], "nothing is recorded before the end");
        let (behind, changed) = (rows_done(&ship).await.expect("its row"), rows(&ship, "m = id").await);
        assert!(changed == behind || kill < KILLS, "the rows and how far it is are one: {changed}, {behind}");
    }
    let left = ship.cli(&["status", "--json"]).await.exits(0).json()["unfinished"].clone();
    let changed = rows(&ship, "m = id").await;
    assert_eq!((&left["migration"], &left["statements_done"]), (&json!(BATCHES), &json!(2)), "{left:#}");
    assert_eq!(left["backfill"], json!({"table": "cargo", "rows_done": changed, "rows_total": 10_000}));
    assert!((KILLS * 900..10_000).contains(&changed));
    let said = ship.cli(&["status"]).await.exits(0).stdout;
    assert!(said.contains(&format!("and {changed} of about 10000 rows of its backfill of cargo done")), "{said}");
    ship.set("backfill.max_rows_per_second", "0");

    ship.cli(&["up", "--wait", "60s"]).await.exits(0);

    assert_eq!((rows(&ship, "n = 1 AND m = id").await, rows(&ship, "n = 11 AND id = 77").await), (9_999, 1));
    let whole = with_cargo(on, 4).await;
    whole.catalog().file(
        BATCHES,
        "up.sql",
        "ALTER TABLE cargo ADD COLUMN m INTEGER;\nUPDATE cargo SET n = 10 WHERE id = 77;",
    );
    whole.catalog().file(BATCHES, "down.sql", "SELECT 1;").file(BATCHES, "backfill.sql", &backfill);
    whole.cli(&["up"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &whole.eye().await.everything().await);
    ship.cli(&["validate"]).await.exits(0);
    ship.cli(&["down"]).await.exits(0);
}

/// Goal: a connection that goes is no failure: the run waits until the server has ended the old one, reads how far it is,
/// and goes on.
async fn a_connection_that_is_lost_is_replaced(on: On) {
    let mut ship = with_cargo(on, 4).await;
    add(&ship, COUNTING);
    let (before, rest) = ship.database.url.split_once("127.0.0.1:").expect("a local server");
    let (port, path) = rest.split_once('/').expect("a database");
    let proxy = Proxy::to(format!("127.0.0.1:{port}")).await;
    let url = format!("{before}{}/{path}", proxy.address);
    ship.set("target.url", &url);
    ship.set("backfill.max_rows_per_second", "4000");
    let run = ship.cli_begun(&["up"]);
    for cut in 1..=2 {
        done_are(&ship, cut * 2_000).await;
        proxy.cut();
        proxy.mend();
    }

    crate::harness::ship::Called::ended(run).await.exits(0);

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (10_000, 0));
    let told = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert_eq!(told["recent"][0]["state"], "succeeded", "{told:#}");
}

/// Goal: a statement that fails in the middle can be mended; another key cannot be followed from where the first one was.
async fn only_the_statement_may_be_mended_on_the_way(on: On) {
    let ship = with_cargo(on, 3).await;
    ship.eye().await.run("CREATE TABLE taken (id INTEGER PRIMARY KEY)").await;
    ship.eye().await.run("INSERT INTO taken VALUES (700)").await;
    let fills = "-- windlass:backfill table=cargo key=id batch=100\n\
                 INSERT INTO taken SELECT id FROM cargo WHERE id > :after AND id <= :upto";
    add(&ship, fills);

    let failed = ship.cli(&["up", "--json"]).await.exits(1).failure();
    let again = ship.cli(&["up", "--json"]).await.exits(1).failure();
    ship.catalog().file(
        BATCHES,
        "backfill.sql",
        "-- windlass:backfill table=taken key=id\nDELETE FROM taken WHERE :range",
    );
    let other = ship.cli(&["up", "--json"]).await.exits(1).failure();
    ship.catalog().file(BATCHES, "backfill.sql", &format!("{fills} AND id <> 700;"));
    ship.cli(&["up"]).await.exits(0);

    assert_eq!(failed["type"], "urn:windlass:problem:statement-failed", "{failed:#}");
    let detail = failed["detail"].as_str().expect("words");
    assert!(detail.contains(&format!("{BATCHES}/backfill.sql:2: the database refused")), "{detail}");
    for failed in [failed, again] {
        let state = failed["target_state"].as_str().expect("words");
        assert!(state.contains("is interrupted") && state.contains(" rows of its backfill"), "{state}");
    }
    assert_eq!(other["type"], "urn:windlass:problem:interrupted", "{other:#}");
    assert!(other["detail"].as_str().expect("words").contains("its backfill cuts another table"), "{other:#}");
    assert_eq!(ship.eye().await.number("SELECT COUNT(*) FROM taken").await, 1_000);
    ship.database_is_at("1.1.0").await;
}
