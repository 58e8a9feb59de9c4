//! Servers of our own that sync what they commit: without that, a transaction costs nothing and nothing can be compared.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

use super::{Engine, Fallible};

/// Starts the servers the way the tests do, but for the sync; prints a URL for each, and ends them when nobody listens any more.
const SCRIPT: &str = r#"
set -euo pipefail
. tests/support/servers.sh
servers_open
for engine; do
  case $engine in
  postgres) servers_postgres "$engine" -c fsync=on -c full_page_writes=on; echo "$POSTGRES_URL" ;;
  mariadb) servers_mariadb "$engine" --innodb-flush-method=fsync --skip-debug-no-sync; echo "$MARIADB_URL" ;;
  esac
done
read -r _ || true
"#;

/// The servers, while this lives.
pub struct Servers {
    urls: Vec<(Engine, String)>,
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
        let mut servers = Self { urls: Vec::new(), process, listens };
        let mut lines = BufReader::new(servers.process.stdout.take().ok_or("no output")?).lines();
        for engine in wanted {
            let url = lines.next().ok_or_else(|| format!("{} does not start", engine.name()))??;
            servers.urls.push((engine, url));
        }
        Ok(servers)
    }

    /// Where an engine's server is; nothing for SQLite.
    pub fn url(&self, engine: Engine) -> &str {
        self.urls.iter().find(|(of, _)| *of == engine).map_or("", |(_, url)| url)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.listens.take());
        let _ = self.process.wait();
    }
}
