//! What is done with snapshots once they are there: tried, restored, let go.

mod canary;
mod full;
mod http;
mod killed_upload;
mod prune;
mod restore;
mod schedule;
mod server_full;
mod space;
mod verify;

use crate::harness::{database::On, ship::Ship};

/// With two tables and a row in each, at 1.0.0, without a snapshot.
async fn with_rows(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    let up = "CREATE TABLE berths (id INTEGER PRIMARY KEY, name VARCHAR(80));\n\
              CREATE TABLE guests (id INTEGER PRIMARY KEY, berth INTEGER NOT NULL, name VARCHAR(80));\n\
              INSERT INTO berths VALUES (1, 'fore'), (2, 'aft');\n\
              INSERT INTO guests VALUES (1, 1, 'Ada'), (2, 2, 'Jo');";
    ship.catalog().add("v1.0.0_01_berths", up, "DROP TABLE guests;\nDROP TABLE berths;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship
}

/// Takes a snapshot; gives its name.
async fn taken(ship: &Ship) -> String {
    ship.cli(&["snapshot", "create", "--quiet"]).await.exits(0).stdout.trim().to_owned()
}

/// The names of all snapshots, newest first.
async fn names(ship: &Ship) -> Vec<String> {
    let listed = ship.cli(&["snapshot", "list", "--json"]).await.exits(0).json();
    let listed = listed.as_array().expect("a list");
    listed.iter().map(|snapshot| snapshot["id"].as_str().expect("a name").to_owned()).collect()
}

/// What lies beside the live database and is of windlass's making.
async fn leftovers(ship: &Ship) -> Vec<String> {
    let name = ship.database.url.rsplit('/').next().expect("a name").to_owned();
    let left = match ship.on {
        On::Sqlite => {
            let files = std::fs::read_dir(ship.folder().join("data/snapshots")).expect("the snapshots");
            let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
            names.filter(|name| name.starts_with('.') || name.contains(".part")).collect()
        }
        On::Postgres => ship.eye().await.texts("SELECT datname FROM pg_database WHERE datname LIKE '%windlass%'").await,
        On::MariaDb => ship.eye().await.texts("SHOW DATABASES LIKE '%windlass%'").await,
    };
    left.into_iter().filter(|left| ship.on == On::Sqlite || left.contains(&name)).collect()
}
