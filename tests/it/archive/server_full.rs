//! The server's own disk becomes full while a snapshot comes back.

use super::taken;
use crate::harness::{
    database::{Database, On},
    eye::Eye,
    on_every_server,
    own_server::OwnServer,
    ship::Ship,
};

on_every_server!(a_restore_that_the_servers_disk_has_no_room_for_changes_nothing);

/// Each time there are twice as many rows.
const DOUBLINGS: u32 = 14;
const ROWS: i64 = 1 << DOUBLINGS;
/// Rows of a kilobyte take 19 MB with what the server adds.
const ROW: &str = "INSERT INTO cargo VALUES (0, repeat('herring ', 125))";

/// What is the server's own way.
struct Way {
    /// Room for the database, a copy of it, and what else the server keeps there.
    disk_mb: u32,
    /// Makes a database on the disk.
    database: &'static str,
    /// Takes a part of what is left.
    filler: &'static str,
    /// As many of them go again: the disk has room for an empty database, and not for a copy.
    fillers_back: u32,
    /// What the server says.
    words: &'static str,
    /// What lies beside the database.
    beside: &'static str,
}

/// The databases lie in a tablespace. PostgreSQL's log lies elsewhere, as a server that has no room for its log ends itself.
const POSTGRES: Way = Way {
    disk_mb: 80,
    database: "CREATE DATABASE $n TABLESPACE small",
    filler: "CREATE TABLE $n AS SELECT x, repeat('filler ', 140) AS label FROM generate_series(1, 1000) x",
    fillers_back: 14,
    words: "No space left on device",
    beside: "SELECT datname FROM pg_database WHERE datname LIKE 'ship\\_%'",
};

/// A database is a folder in the server's own, so that all of that lies on the disk, the log of the pages with it.
const MARIADB: Way = Way {
    disk_mb: 160,
    database: "CREATE DATABASE $n",
    filler: "CREATE TABLE $n AS SELECT seq, repeat('filler ', 140) AS label FROM seq_1_to_1000",
    fillers_back: 4,
    words: "is full",
    beside: "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata WHERE schema_name LIKE 'ship\\_%'",
};

/// Goal: a copy that the server's disk has no room for leaves the database as it was and nothing beside it, and the reason is told;
/// with room the same order goes through.
/// Method: the databases lie on a file system of their own.
async fn a_restore_that_the_servers_disk_has_no_room_for_changes_nothing(on: On) {
    let way = if on == On::MariaDb { MARIADB } else { POSTGRES };
    let disk = tempfile::tempdir().expect("a folder");
    let server = OwnServer::beside_a_small_disk(on, disk.path(), way.disk_mb).await;
    let mut owner = Eye::at(on, server.url()).await;
    if on == On::Postgres {
        owner.run(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().join("space").display())).await;
    }
    let base = server.url().rsplit_once('/').expect("a database in the URL").0;
    for name in ["ship", "other"] {
        owner.run(&way.database.replace("$n", name)).await;
    }
    let (ship, id) = loaded(on, &format!("{base}/ship")).await;
    let mut filling = Eye::at(on, &format!("{base}/other")).await;
    let mut fillers = 0;
    if on == On::Postgres {
        // A new database has holes where nothing was written yet; now they are filled, or every checkpoint would fail later.
        owner.run("CHECKPOINT").await;
    }
    while filling.try_run(&way.filler.replace("$n", &format!("filler_{fillers}"))).await.is_ok() {
        fillers += 1;
        assert!(fillers < way.disk_mb, "the disk is not small");
    }
    let free = async |filling: &mut Eye, which: std::ops::Range<u32>| {
        for filler in which {
            filling.run(&format!("DROP TABLE filler_{filler}")).await;
        }
    };
    free(&mut filling, fillers - way.fillers_back..fillers).await;

    let refused = ship.cli(&["snapshot", "restore", &id, "--json"]).await.exits(1).json();

    let detail = refused["problem"]["detail"].as_str().expect("words");
    assert!(detail.contains(way.words), "{refused:#}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cargo").await, 3);
    assert_eq!(owner.texts(way.beside).await, [""; 0], "nothing is left beside it");
    free(&mut filling, 0..fillers - way.fillers_back).await;
    ship.cli(&["snapshot", "restore", &id]).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cargo").await, ROWS);
}

/// Over the database, with a snapshot of many rows, of which few are there now.
async fn loaded(on: On, url: &str) -> (Ship, String) {
    let mut ship = Ship::with_catalog(on).await;
    ship.database = Database { on, url: url.to_owned(), folder: ship.database.folder };
    ship.set("target.url", url);
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
    (ship, id)
}
