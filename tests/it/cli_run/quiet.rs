//! The drivers tell of no statement, however long one takes: it may hold data, and who reads standard error as JSON expects one
//! document.

use crate::harness::{database::On, on_every_server, ship::Ship};

on_every_server!(a_slow_statement_is_not_told);

/// What the drivers take for slow, and more.
const SLOW_S: f32 = 1.5;

async fn a_slow_statement_is_not_told(on: On) {
    let ship = Ship::with_catalog(on).await;
    let sleep = if on == On::MariaDb { "sleep" } else { "pg_sleep" };
    let slow = format!("SELECT {sleep}({SLOW_S}), 'a passenger';\nINSERT INTO nowhere VALUES (1);");
    ship.catalog().add("v1.0.0_01_slow", &slow, "SELECT 1;");

    let failed = ship.cli(&["up", "--json", "--snapshot", "never"]).await.exits(1);

    assert_eq!(failed.failure()["type"], "urn:windlass:problem:statement-failed");
    assert!(!failed.stderr.contains("a passenger"), "{}", failed.stderr);
}
