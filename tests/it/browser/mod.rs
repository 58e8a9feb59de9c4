//! What people see: the banner in an application's page and the status page, in a real browser.

mod banner;
mod page;

use crate::harness::{database::On, gate, ship::Ship};

/// A database at 0.4.0 under an application that requires 0.5.0, served. A browser sees no difference between engines.
async fn behind() -> Ship {
    let mut ship = Ship::with_sample(On::Sqlite).await;
    ship.cli(&["up", "--to", "0.4.0"]).await.exits(0);
    ship.serve().await;
    ship
}

/// A database at 1.0.0, served, with a migration to 1.1.0 that waits, at its one statement, for as long as its
/// gate is shut.
async fn before_a_gate() -> Ship {
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(ship.on), "SELECT 1;");
    ship.catalog().file("v1.1.0_01_pass", "metadata.json", r#"{"transactional": false}"#);
    ship.serve().await;
    ship
}
