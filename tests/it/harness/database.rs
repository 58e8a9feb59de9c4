//! A database of its own for each test. `./test` says where the servers are; a missing one is a failure, never a skip.

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use tempfile::TempDir;
use ulid::Ulid;

/// The engines that every rule holds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
    MariaDb,
}

/// An empty database, gone when the test is over (server databases: when the private server is).
pub struct Database {
    pub on: On,
    pub url: String,
    /// For files of the test; holds the database file of SQLite.
    pub folder: TempDir,
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run ./test, which starts the servers"))
}

/// An empty database of its own.
pub async fn fresh(on: On) -> Database {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = format!("t_{}", Ulid::generate().to_string().to_lowercase());
    let url = match on {
        On::Sqlite => format!("sqlite:{}", folder.path().join("app.db").display()),
        On::Postgres => {
            let base = server("WINDLASS_TEST_POSTGRES_URL");
            let mut connection = PgConnection::connect(&base).await.expect("the private PostgreSQL server");
            connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a fresh database");
            connection.close().await.expect("goodbye");
            format!("{}/{name}", base.rsplit_once('/').expect("a database in the URL").0)
        }
        On::MariaDb => {
            let base = server("WINDLASS_TEST_MARIADB_URL");
            let mut connection = MySqlConnection::connect(&base).await.expect("the private MariaDB server");
            connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a fresh database");
            connection.close().await.expect("goodbye");
            format!("{}/{name}", base.rsplit_once('/').expect("a database in the URL").0)
        }
    };
    Database { on, url, folder }
}
