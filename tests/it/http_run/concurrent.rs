//! `PostgreSQL`: what runs in several transactions heals when it does not come to its end.

use crate::harness::{
    database::On,
    interrupted::{while_it_waits, with_gate},
    ship::Ship,
};

const INVALID: &str = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";

async fn before(setup: &str, statement: &str) -> Ship {
    let ship = Ship::with_catalog(On::Postgres).await;
    with_gate(&ship).await;
    ship.eye().await.run(setup).await;
    ship.catalog().add("v1.1.0_01_concurrent", &format!("{statement};\n"), "SELECT 1;");
    ship
}

/// An index that somebody's failed build left behind.
const CARCASS: &str = "INSERT INTO gate VALUES (2, 0)";

/// Builds an index that fails, on its own, and leaves it invalid.
async fn leave_a_carcass(ship: &Ship) {
    let mut eye = ship.eye().await;
    let crate::harness::eye::Eye::Postgres(connection) = &mut eye else { panic!("a PostgreSQL database") };
    let built = sqlx::raw_sql("CREATE UNIQUE INDEX CONCURRENTLY gate_n ON gate (n)").execute(&mut *connection).await;
    assert!(built.is_err(), "two rows have the same n");
    assert_eq!(eye.number(INVALID).await, 1);
}

async fn is_whole(ship: &Ship, index: &str) {
    let mut eye = ship.eye().await;
    assert_eq!(eye.number(INVALID).await, 0, "an index that is not valid is not done");
    let there = format!("SELECT count(*) FROM pg_class WHERE relkind = 'i' AND relname = '{index}'");
    assert_eq!(eye.number(&there).await, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_concurrent"]);
}

/// Goal: what the rows refuse leaves no carcass, and the next run builds it once they are mended.
#[tokio::test]
async fn a_unique_index_that_the_rows_refuse_leaves_nothing() {
    let ship = before(CARCASS, "CREATE UNIQUE INDEX CONCURRENTLY gate_n ON gate (n)").await;

    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

    assert_eq!(failed["problem"]["type"], "statement-failed", "{failed:#}");
    assert_eq!(ship.eye().await.number(INVALID).await, 0);
    ship.eye().await.run("UPDATE gate SET n = id").await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    is_whole(&ship, "gate_n").await;
}

/// Goal: an invalid index that somebody else left is not taken for the one that is asked for.
#[tokio::test]
async fn a_carcass_of_somebody_else_is_replaced() {
    for statement in [
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS gate_n ON gate (n)",
        "CREATE INDEX CONCURRENTLY gate_n ON gate (n)",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS gate_n ON gate (id)",
    ] {
        let ship = before(CARCASS, statement).await;
        leave_a_carcass(&ship).await;

        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

        is_whole(&ship, "gate_n").await;
    }
}

/// Goal: a build that waits too long for others fails cleanly, and the next run builds it.
#[tokio::test]
async fn a_build_that_gives_up_waiting_leaves_nothing() {
    let mut ship = before("SELECT 1", "CREATE INDEX CONCURRENTLY gate_n ON gate (n)").await;
    ship.set("run.lock_timeout", "300ms");
    let mut other = ship.eye().await;
    other.run("BEGIN").await;
    other.run("UPDATE gate SET n = n").await;

    let failed = ship.cli(&["up", "--snapshot", "never"]).await;

    assert_eq!(failed.code, 1, "{failed:?}");
    other.run("ROLLBACK").await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    is_whole(&ship, "gate_n").await;
}

#[tokio::test]
async fn a_build_that_was_killed_is_done_again() {
    for statement in
        ["CREATE INDEX CONCURRENTLY gate_n ON gate (n)", "CREATE INDEX CONCURRENTLY IF NOT EXISTS gate_n ON gate (n)"]
    {
        let ship = before("SELECT 1", statement).await;
        while_it_waits(&ship, "CREATE INDEX", false).await;
        assert_eq!(ship.eye().await.number(INVALID).await, 1, "a carcass");
        let shown = ship.cli(&["status"]).await.exits(0).stdout;
        assert!(shown.contains("left half done"), "{shown}");

        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

        is_whole(&ship, "gate_n").await;
    }
}

/// Goal: rebuilding keeps the index, valid or not, and takes out what an interrupted rebuild leaves beside it.
#[tokio::test]
async fn a_rebuild_that_was_killed_is_done_again() {
    for statement in ["REINDEX INDEX CONCURRENTLY gate_n", "REINDEX TABLE CONCURRENTLY gate"] {
        let ship = before("CREATE INDEX gate_n ON gate (n)", statement).await;
        while_it_waits(&ship, "REINDEX", false).await;
        assert!(ship.eye().await.number(INVALID).await > 0, "what is left beside it");

        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

        is_whole(&ship, "gate_n").await;
        let beside = "SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_cc%'";
        assert_eq!(ship.eye().await.number(beside).await, 0);
    }
}

/// Goal: an invalid index that is to be mended by a rebuild is never dropped instead.
#[tokio::test]
async fn an_invalid_index_is_mended_by_a_rebuild() {
    let ship = before(CARCASS, "REINDEX INDEX CONCURRENTLY gate_n").await;
    leave_a_carcass(&ship).await;
    ship.eye().await.run("UPDATE gate SET n = id").await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    is_whole(&ship, "gate_n").await;
}

#[tokio::test]
async fn a_drop_that_was_killed_is_finished() {
    let ship = before("CREATE INDEX gate_n ON gate (n)", "DROP INDEX CONCURRENTLY gate_n").await;
    while_it_waits(&ship, "DROP INDEX", false).await;

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    assert_eq!(ship.eye().await.number("SELECT count(*) FROM pg_class WHERE relname = 'gate_n'").await, 0);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_concurrent"]);
}

#[tokio::test]
async fn a_partition_that_was_half_detached_is_detached() {
    let setup = "CREATE TABLE trips (id INT) PARTITION BY RANGE (id); \
                 CREATE TABLE trips_1 PARTITION OF trips FOR VALUES FROM (0) TO (10)";
    let ship = before(setup, "ALTER TABLE trips DETACH PARTITION trips_1 CONCURRENTLY").await;
    // It waits for whoever uses the table, not for the gate: a row that is being written.
    let mut other = ship.eye().await;
    other.run("BEGIN").await;
    other.run("INSERT INTO trips VALUES (1)").await;
    while_it_waits(&ship, "ALTER TABLE trips DETACH", false).await;
    other.run("COMMIT").await;
    let pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending";
    assert_eq!(ship.eye().await.number(pending).await, 1, "half detached");

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    assert_eq!(ship.eye().await.number("SELECT count(*) FROM pg_inherits").await, 0);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM trips_1").await, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_concurrent"]);
}
