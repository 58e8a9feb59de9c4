//! Changes of many rows in batches: each row once, whatever happens meanwhile.

mod beside;
mod crash;
mod keys;
mod refused;
mod stop;

use crate::harness::{database::On, ship::Ship};

/// The migration with the backfill.
const BATCHES: &str = "v1.1.0_01_batches";

/// The rows from 0 up, 10 to the power of `digits` of them, as a table for a FROM clause with the column `x`.
fn numbers(digits: u32) -> String {
    let ten: Vec<String> = (0..10).map(|d| format!("SELECT {d} AS d")).collect();
    let ten = ten.join(" UNION ALL ");
    let sum: Vec<String> = (0..digits).map(|place| format!("{} * t{place}.d", 10_u32.pow(place))).collect();
    let from: Vec<String> = (0..digits).map(|place| format!("({ten}) AS t{place}")).collect();
    format!("(SELECT {} AS x FROM {}) AS numbers", sum.join(" + "), from.join(" CROSS JOIN "))
}

/// At 1.0.0 with an empty table `cargo`.
async fn with_table(on: On, columns: &str) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.set("policy.snapshot", "never");
    ship.catalog().add("v1.0.0_01_cargo", &format!("CREATE TABLE cargo ({columns});"), "DROP TABLE cargo;");
    ship.cli(&["up"]).await.exits(0);
    ship
}

/// The same with rows: `id` from 1 to 10 to the power of `digits`, and `n` 0.
async fn with_cargo(on: On, digits: u32) -> Ship {
    let ship = with_table(on, "id INTEGER PRIMARY KEY, n INTEGER NOT NULL").await;
    ship.eye().await.run(&format!("INSERT INTO cargo (id, n) SELECT x + 1, 0 FROM {}", numbers(digits))).await;
    ship
}

/// Adds the migration with this backfill, and an empty forward script.
fn add(ship: &Ship, backfill: &str) {
    add_with(ship, "SELECT 1;", backfill);
}

/// Adds the migration with this forward script and backfill.
fn add_with(ship: &Ship, up: &str, backfill: &str) {
    ship.catalog().add(BATCHES, up, "SELECT 1;").file(BATCHES, "backfill.sql", backfill);
}

/// The backfill that counts in each row how often it came by.
const COUNTING: &str =
    "-- windlass:backfill table=cargo key=id\nUPDATE cargo SET n = n + 1 WHERE id > :after AND id <= :upto;\n";

/// Rows for which `condition` holds.
async fn rows(ship: &Ship, condition: &str) -> i64 {
    ship.eye().await.number(&format!("SELECT COUNT(*) FROM cargo WHERE {condition}")).await
}

/// How many rows its row in the target says are done; `None` while it has none.
async fn rows_done(ship: &Ship) -> Option<i64> {
    let mut eye = ship.eye().await;
    if eye.number("SELECT COUNT(*) FROM windlass_backfill").await == 0 {
        return None;
    }
    Some(eye.number("SELECT COALESCE(MAX(rows_done), 0) FROM windlass_backfill").await)
}
