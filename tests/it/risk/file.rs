//! What locks a whole file, seen from a second connection.

use crate::harness::{database::On, ship::Ship};

/// What is said to somebody who does not wait.
const LOCKED: &str = "database is locked";

/// A file with two tables, and two connections that do not wait.
async fn two_at_a_file() -> (Ship, [crate::harness::eye::Eye; 2]) {
    let ship = Ship::with_catalog(On::Sqlite).await;
    let mut eyes = [ship.eye().await, ship.eye().await];
    eyes[0]
        .run("CREATE TABLE a (id integer, note text); CREATE TABLE b (id integer); INSERT INTO a VALUES (1, 'x')")
        .await;
    for eye in &mut eyes {
        eye.run("PRAGMA busy_timeout = 0").await;
    }
    (ship, eyes)
}

#[tokio::test]
async fn while_an_index_is_built_nobody_writes_to_any_table() {
    let (_ship, [mut builder, mut other]) = two_at_a_file().await;
    builder.run("BEGIN; CREATE INDEX a_note ON a (note)").await;

    let refused = other.try_run("INSERT INTO b VALUES (1)").await.expect_err("nobody writes");

    assert!(refused.to_string().contains(LOCKED), "{refused}");
    builder.run("COMMIT").await;
    other.run("INSERT INTO b VALUES (1)").await;
}

#[tokio::test]
async fn vacuum_needs_the_file_for_itself() {
    let (_ship, [mut sweeper, mut other]) = two_at_a_file().await;
    other.run("BEGIN; SELECT * FROM a").await;

    let refused = sweeper.try_run("VACUUM").await.expect_err("somebody reads");

    assert!(refused.to_string().contains(LOCKED), "{refused}");
    other.run("COMMIT").await;
    sweeper.run("VACUUM").await;
}
