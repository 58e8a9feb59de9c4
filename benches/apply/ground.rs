//! Where the contenders meet: databases made and removed, and the engine's own client.

use std::{
    cell::Cell,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Engine, Fallible, Servers, measure::output};

/// Where the contenders meet.
pub struct Ground {
    pub engine: Engine,
    /// The server's URL up to the database's name.
    server: String,
    /// The engine's own client.
    client: String,
    /// For files.
    pub folder: PathBuf,
    made: Cell<u32>,
}

/// A database of its own, with a folder for what lies beside it.
pub struct Place {
    /// Its name.
    name: String,
    /// The folder.
    pub folder: PathBuf,
    /// Its URL.
    pub url: String,
}

impl Ground {
    /// The ground of an engine; `folder` is for files.
    pub fn new(engine: Engine, servers: &Servers, folder: &Path) -> Self {
        let (url, client) = servers.of(engine);
        let server = url.rsplit_once('/').map_or("", |(server, _)| server).to_owned();
        Self { engine, server, client: client.to_owned(), folder: folder.to_owned(), made: Cell::new(0) }
    }

    /// An empty database.
    pub fn fresh(&self) -> Fallible<Place> {
        self.made.set(self.made.get() + 1);
        let name = format!("bench_{}_{}", std::process::id(), self.made.get());
        let folder = self.folder.join(&name);
        std::fs::create_dir(&folder)?;
        let url = if self.engine == Engine::Sqlite {
            format!("sqlite:{}", folder.join("app.db").display())
        } else {
            self.administer(&format!("CREATE DATABASE {name}"))?;
            format!("{}/{name}", self.server)
        };
        Ok(Place { name, folder, url })
    }

    /// Removes a database.
    pub fn remove(&self, place: Place) -> Fallible<()> {
        if self.engine != Engine::Sqlite {
            self.administer(&format!("DROP DATABASE {}", place.name))?;
        }
        Ok(std::fs::remove_dir_all(place.folder)?)
    }

    fn administer(&self, sql: &str) -> Fallible<()> {
        let name = if self.engine == Engine::Postgres { "postgres" } else { "mysql" };
        let server = Place { name: name.to_owned(), folder: PathBuf::new(), url: format!("{}/{name}", self.server) };
        output(&mut self.asks(&server, sql)).map(drop)
    }

    /// The engine's own client at work on a script.
    pub fn feeds(&self, place: &Place, script: &Path) -> Fallible<Command> {
        let mut client = self.client(place);
        client.stdin(File::open(script)?);
        Ok(client)
    }

    /// The engine's own client with one statement.
    pub fn asks(&self, place: &Place, sql: &str) -> Command {
        let mut client = self.client(place);
        match self.engine {
            Engine::Postgres => client.args(["-At", "-c", sql]),
            Engine::MariaDb => client.args(["-N", "-B", "-e", sql]),
            Engine::Sqlite => client.arg(sql),
        };
        client
    }

    /// It stops at the first error, reads no settings of the machine, and says no more than it must.
    fn client(&self, place: &Place) -> Command {
        let mut client = Command::new(&self.client);
        match self.engine {
            Engine::Postgres => client.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &place.url]),
            Engine::MariaDb => {
                let (user, host) = self.server.trim_start_matches("mysql://").split_once('@').unwrap_or_default();
                let (host, port) = host.split_once(':').unwrap_or_default();
                client.args(["--no-defaults", "-u", user, "-h", host, "-P", port, "--database", &place.name])
            }
            Engine::Sqlite => client
                .args(["-batch", "-bail", "-init", "/dev/null", "-cmd", ".timeout 60000"])
                .arg(place.folder.join("app.db")),
        };
        client
    }

    /// Fails unless `table` has so many rows.
    pub fn must_have(&self, place: &Place, table: &str, rows: usize) -> Fallible<()> {
        let found = output(&mut self.asks(place, &format!("SELECT count(*) FROM {table}")))?;
        if found.trim() == rows.to_string() {
            return Ok(());
        }
        Err(format!("{table} has {} rows instead of {rows}", found.trim()).into())
    }
}
