//! Servers of our own that sync what they commit: without that, a transaction costs nothing and nothing can be compared.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

use super::{Engine, Fallible};

/// Starts the servers the way the tests do, but for the sync; prints for each its URL and its client, and ends them when nobody listens any more.
const SCRIPT: &str = r#"
set -euo pipefail
. tests/support/servers.sh
servers_open
for engine; do
  case $engine in
  postgres)
    servers_postgres "$engine" -c fsync=on -c full_page_writes=on
    echo "$POSTGRES_URL $(servers_postgres_bin)/psql" # what is first in the path may be a script that looks for it
    ;;
  mariadb)
    servers_mariadb "$engine" --innodb-flush-method=fsync --skip-debug-no-sync
    echo "$MARIADB_URL mariadb"
    ;;
  esac
done
read -r _ || true
"#;

/// The servers, while this lives.
pub struct Servers {
    running: Vec<(Engine, String, String)>,
    process: Child,
    /// Closed, it is the sign to end.
    listens: Option<ChildStdin>,
}

impl Servers {
    /// Starts what the engines need; SQLite needs nothing.
    ///
    /// # Errors
    /// When a server program is missing or does not start.
    pub fn start(engines: &[Engine]) -> Fallible<Self> {
        let wanted: Vec<Engine> = engines.iter().copied().filter(|engine| *engine != Engine::Sqlite).collect();
        let mut process = Command::new("bash")
            .args(["-c", SCRIPT, "servers"])
            .args(wanted.iter().map(|engine| engine.name()))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let listens = process.stdin.take();
        let mut servers = Self { running: Vec::new(), process, listens };
        let mut lines = BufReader::new(servers.process.stdout.take().ok_or("no output")?).lines();
        for engine in wanted {
            let line = lines.next().ok_or_else(|| format!("{} does not start", engine.name()))??;
            let (url, client) = line.split_once(' ').ok_or("no client")?;
            servers.running.push((engine, url.to_owned(), client.to_owned()));
        }
        Ok(servers)
    }

    /// Where an engine's server is, and its client.
    pub fn of(&self, engine: Engine) -> (&str, &str) {
        let running = self.running.iter().find(|(of, ..)| *of == engine);
        running.map_or(("", "sqlite3"), |(_, url, client)| (url, client))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.listens.take());
        let _ = self.process.wait();
    }
}
