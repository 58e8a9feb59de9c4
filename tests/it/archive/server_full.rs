//! The server's own disk becomes full while a snapshot comes back.

use super::taken;
use crate::harness::{
    database::{Database, On},
    eye::Eye,
    own_server::OwnServer,
    ship::Ship,
};

/// Each time there are twice as many rows.
const DOUBLINGS: u32 = 14;
const ROWS: i64 = 1 << DOUBLINGS;
/// Rows of a kilobyte take 19 MB with what the server adds.
const ROW: &str = "INSERT INTO cargo VALUES (0, repeat('herring ', 125))";
/// Room for the database, a copy of it, and two empty ones.
const DISK_MB: u32 = 80;
/// Of what fills the rest.
const FILLER: &str =
    "CREATE TABLE filler_$n AS SELECT x, repeat('filler ', 140) AS label FROM generate_series(1, 1000) x";
/// As many of them go again, a MB each: the disk has room for an empty database, and not for a copy.
const FILLERS_BACK: u32 = 14;

/// A database in the tablespace `small`.
async fn on_the_small_disk(server: &OwnServer, name: &str) -> String {
    let mut eye = Eye::at(On::Postgres, server.url()).await;
    eye.run(&format!("CREATE DATABASE {name} TABLESPACE small")).await;
    format!("{}/{name}", server.url().rsplit_once('/').expect("a database in the URL").0)
}

/// Goal: a copy that the server's disk has no room for leaves the database as it was and nothing beside it, and the reason is told;
/// with room the same order goes through.
/// Method: the databases lie in a tablespace on a file system of their own. PostgreSQL's log lies elsewhere, as a server
/// that has no room for its log ends itself.
#[tokio::test]
async fn a_restore_that_the_servers_disk_has_no_room_for_changes_nothing() {
    let disk = tempfile::tempdir().expect("a folder");
    let server = OwnServer::beside_a_small_disk(On::Postgres, disk.path(), DISK_MB).await;
    let space = disk.path().join("space");
    let mut owner = Eye::at(On::Postgres, server.url()).await;
    owner.run(&format!("CREATE TABLESPACE small LOCATION '{}'", space.display())).await;
    let (url, other) = (on_the_small_disk(&server, "ship").await, on_the_small_disk(&server, "other").await);
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.database = Database { on: On::Postgres, url: url.clone(), folder: ship.database.folder };
    ship.set("target.url", &url);
    ship.set("policy.space", "warn");
    ship.catalog().add(
        "v1.0.0_01_cargo",
        "CREATE TABLE cargo (id INTEGER PRIMARY KEY, label TEXT);",
        "DROP TABLE cargo;",
    );
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let mut app = ship.eye().await;
    app.run(ROW).await;
    for doubled in 0..DOUBLINGS {
        app.run(&format!("INSERT INTO cargo SELECT id + {}, label FROM cargo", 1 << doubled)).await;
    }
    let id = taken(&ship).await;
    app.run("DELETE FROM cargo WHERE id > 2").await;
    drop(app);
    // A new database has holes where nothing was written yet; now they are filled, or every checkpoint would fail later.
    owner.run("CHECKPOINT").await;
    let mut filling = Eye::at(On::Postgres, &other).await;
    let mut fillers = 0;
    while filling.try_run(&FILLER.replace("$n", &fillers.to_string())).await.is_ok() {
        fillers += 1;
        assert!(fillers < DISK_MB, "the disk is not small");
    }
    for filler in fillers - FILLERS_BACK..fillers {
        filling.run(&format!("DROP TABLE filler_{filler}")).await;
    }

    let refused = ship.cli(&["snapshot", "restore", &id, "--json"]).await.exits(1).json();

    let detail = refused["problem"]["detail"].as_str().expect("words");
    assert!(detail.contains("No space left on device"), "{refused:#}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cargo").await, 3);
    let beside = "SELECT datname FROM pg_database WHERE datname LIKE 'ship\\_%'";
    assert_eq!(owner.texts(beside).await, [""; 0], "nothing is left beside it");
    for filler in 0..fillers - FILLERS_BACK {
        filling.run(&format!("DROP TABLE filler_{filler}")).await;
    }
    ship.cli(&["snapshot", "restore", &id]).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cargo").await, ROWS);
}
