//! A database server of a test's own, that can be killed and started again: `tests/support/own_server.sh`.

use std::{path::Path, process::Stdio};

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::database::{Database, On};

/// A server; gone with this.
pub struct OwnServer {
    on: On,
    url: String,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl OwnServer {
    /// Starts one.
    pub async fn begins(on: On) -> Self {
        Self::begun(on, Command::new("bash")).await
    }

    /// Starts one that sees a file system of its own, of so many MB, in the folder; a server is not root, and there it is not either.
    /// PostgreSQL can be told to put a database there, MariaDB has all that is its own there.
    pub async fn beside_a_small_disk(on: On, folder: &Path, megabytes: u32) -> Self {
        const MOUNTED: &str = "mount -t tmpfs -o size=${megabytes}m,mode=700 none \"$folder\" && mkdir \"$folder/space\" && \
                               exec unshare --user --map-user=65534 --map-group=65534 bash \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "bash", "-euc", MOUNTED, "a small disk"]);
        command.env("folder", folder).env("megabytes", megabytes.to_string());
        if on == On::MariaDb {
            command.env("SERVERS_PARENT", folder.join("space"));
        }
        Self::begun(on, command).await
    }

    async fn begun(on: On, mut command: Command) -> Self {
        let support = format!("{}/tests/support", env!("CARGO_MANIFEST_DIR"));
        let engine = if on == On::MariaDb { "mariadb" } else { "postgres" };
        let mut process = command
            .args([&format!("{support}/own_server.sh"), &format!("{support}/servers.sh"), engine])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let orders = process.stdin.take().expect("its input");
        let answers = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut server = Self { on, url: String::new(), orders, answers, _process: process };
        server.url = server.answer().await;
        server
    }

    /// Kills it.
    pub async fn dies(&mut self) {
        self.told("kill").await;
    }

    /// Starts it again, and says whether it came back.
    pub async fn comes_back(&mut self) -> bool {
        self.told("start").await == "up"
    }

    async fn answer(&mut self) -> String {
        self.answers.next_line().await.expect("the server's shell").expect("an answer")
    }

    async fn told(&mut self, order: &str) -> String {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.expect("the server's shell");
        self.answer().await
    }

    /// Its maintenance database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An empty database on it.
    pub async fn fresh(&self) -> Database {
        let name = format!("t_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        if self.on == On::MariaDb {
            let mut connection = MySqlConnection::connect(&self.url).await.expect("the server");
            connection.execute(sql).await.expect("a database");
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("the server");
            connection.execute(sql).await.expect("a database");
        }
        let url = format!("{}/{name}", self.url.rsplit_once('/').expect("a database in the URL").0);
        Database { on: self.on, url, folder: tempfile::tempdir().expect("a temporary folder") }
    }
}
