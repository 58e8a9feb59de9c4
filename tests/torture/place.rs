//! A database with the folder beside it, and ways to have the same again quickly.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::database::{Database, On, fresh};

/// Where the program works.
pub struct Place {
    pub database: Database,
    pub catalog: PathBuf,
}

/// A state that many trials begin from.
pub struct Prepared {
    place: Place,
    /// `MariaDB` has no templates; this is its dump, and none while it is empty.
    dump: Option<Vec<u8>>,
}

impl Prepared {
    /// Keeps a place as it is. Nobody may use it any more.
    pub fn keep(place: Place) -> Self {
        let is_used = place.database.folder.path().join("windlass.db").exists();
        let dump = (place.database.on == On::MariaDb && is_used).then(|| dump_of(&place.database));
        Self { place, dump }
    }

    pub fn catalog(&self) -> &Path {
        &self.place.catalog
    }

    /// Lets go of it.
    pub async fn gone(self) {
        self.place.gone().await;
    }

    /// The same once more.
    pub async fn again(&self) -> Place {
        let old = &self.place.database;
        let database = match old.on {
            On::Sqlite => fresh(On::Sqlite).await,
            On::Postgres => copy_of(old).await,
            On::MariaDb => {
                let database = fresh(On::MariaDb).await;
                if let Some(dump) = &self.dump {
                    load(&database, dump);
                }
                database
            }
        };
        copy_folder(old.folder.path(), database.folder.path());
        Place { database, catalog: self.place.catalog.clone() }
    }
}

impl Place {
    /// An empty database.
    pub async fn empty(on: On, catalog: PathBuf) -> Self {
        Self { database: fresh(on).await, catalog }
    }

    /// Drops the database; the folder goes by itself.
    pub async fn gone(self) {
        match self.database.on {
            On::Sqlite => {}
            On::Postgres => {
                let mut server = PgConnection::connect(&base("WINDLASS_TEST_POSTGRES_URL")).await.expect("PostgreSQL");
                let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name(&self.database));
                server.execute(AssertSqlSafe(sql)).await.expect("a database less");
                let _ = server.close().await;
            }
            On::MariaDb => {
                let base = base("WINDLASS_TEST_MARIADB_URL");
                let mut server = sqlx::MySqlConnection::connect(&base).await.expect("MariaDB");
                let sql = format!("DROP DATABASE IF EXISTS {}", name(&self.database));
                server.execute(AssertSqlSafe(sql)).await.expect("a database less");
                let _ = server.close().await;
            }
        }
    }
}

fn base(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run ./test torture"))
}

/// The database's name.
pub fn name(database: &Database) -> &str {
    database.url.rsplit_once('/').expect("a database in the URL").1
}

/// A template is copied file by file (PostgreSQL manual, "CREATE DATABASE", STRATEGY); nobody may be connected to it.
async fn copy_of(old: &Database) -> Database {
    let copy = format!("t_{}", ulid::Ulid::generate().to_string().to_lowercase());
    let mut server = PgConnection::connect(&base("WINDLASS_TEST_POSTGRES_URL")).await.expect("PostgreSQL");
    let sql = format!("CREATE DATABASE {copy} TEMPLATE {}", name(old));
    server.execute(AssertSqlSafe(sql)).await.expect("a copy of the template");
    let _ = server.close().await;
    let url = format!("{}/{copy}", old.url.rsplit_once('/').expect("a database in the URL").0);
    Database { on: On::Postgres, url, folder: tempfile::tempdir().expect("a temporary folder") }
}

fn client(program: &str, database: &Database) -> Command {
    let (user, rest) = database.url.split_once("//").and_then(|(_, rest)| rest.split_once('@')).expect("a user");
    let (host, port) = rest.split_once('/').and_then(|(at, _)| at.split_once(':')).expect("a port");
    let mut command = Command::new(program);
    command.arg("--no-defaults").arg(format!("--host={host}")).arg(format!("--port={port}"));
    command.arg(format!("--user={user}")).stdin(Stdio::null());
    command
}

/// MariaDB's program writes down generated columns, which MySQL does not take back.
fn dump_of(database: &Database) -> Vec<u8> {
    let mut asking = client("mariadb", database);
    let version = asking.args(["--batch", "--execute=SELECT VERSION()"]).output().expect("mariadb");
    let mut command = if String::from_utf8_lossy(&version.stdout).contains("MariaDB") {
        client("mariadb-dump", database)
    } else {
        let mut command = client("mysqldump", database);
        command.args(["--no-tablespaces", "--set-gtid-purged=OFF"]);
        command
    };
    command.args(["--routines", "--triggers", "--hex-blob", "--skip-comments"]).arg(name(database));
    let output = command.output().expect("the dump's program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn load(database: &Database, dump: &[u8]) {
    use std::io::Write;
    let mut command = client("mariadb", database);
    let mut loading = command.arg(name(database)).stdin(Stdio::piped()).spawn().expect("mariadb");
    loading.stdin.take().expect("its input").write_all(dump).expect("the dump is read");
    assert!(loading.wait().expect("mariadb").success(), "the dump was not loaded");
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&place).expect("a folder");
            fs::set_permissions(&place, entry.metadata().expect("its mode").permissions()).expect("its mode");
            copy_folder(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), &place).expect("a copy");
        }
    }
}
