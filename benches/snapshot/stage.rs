//! The data, and the commands that copy it out and in.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Contender, Engine, Fallible, Ground, ground::Place, measure::output};

/// A row is about so long, as text.
const ROW_BYTES: u64 = 220;

const TABLE: &str = "CREATE TABLE cargo (id INTEGER PRIMARY KEY, tag VARCHAR(40) NOT NULL, note VARCHAR(300) NOT NULL, \
                     n INTEGER NOT NULL, price DECIMAL(10,2) NOT NULL)";
const INDEX: &str = "CREATE INDEX cargo_by_n ON cargo (n, tag)";

/// A tag that nobody can compress, and words that everybody can.
fn filled(engine: Engine, rows: u64) -> String {
    let note = |tag: &str, x: &str, joined: fn(&[&str]) -> String| {
        let ship = format!("{x} % 977");
        let port = format!("{x} % 131");
        let parts = [
            "'the ship '",
            &ship,
            "' carries barrels of salted herring and '",
            tag,
            "' to the port of '",
            &port,
            "', to be paid for on arrival by the merchant who ordered it'",
        ];
        joined(&parts)
    };
    let concat = |parts: &[&str]| format!("concat({})", parts.join(", "));
    let bars = |parts: &[&str]| parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" || ");
    match engine {
        Engine::Postgres => format!(
            "INSERT INTO cargo SELECT x, md5(x::text), {}, x % 1000, (x % 100000) / 100.0 FROM generate_series(1, {rows}) x",
            note("md5((x + 7)::text)", "x", concat)
        ),
        Engine::MariaDb => format!(
            "INSERT INTO cargo SELECT seq, md5(seq), {}, seq % 1000, (seq % 100000) / 100.0 FROM seq_1_to_{rows}",
            note("md5(seq + 7)", "seq", concat)
        ),
        Engine::Sqlite => format!(
            "WITH RECURSIVE s (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM s WHERE x < {rows}) INSERT INTO cargo \
             SELECT x, lower(hex(randomblob(16))), {}, x % 1000, (x % 100000) / 100.0 FROM s",
            note("lower(hex(randomblob(16)))", "x", bars)
        ),
    }
}

/// A database with the data, and what is copied out of it.
pub struct Stage {
    place: Place,
    rows: u64,
    /// Where the engine's own program is at home.
    programs: PathBuf,
}

impl Stage {
    /// A database with so much data.
    pub fn set(ground: &Ground, client: &str, megabytes: u64) -> Fallible<Self> {
        let rows = megabytes * 1024 * 1024 / ROW_BYTES;
        let place = ground.fresh()?;
        let programs = Path::new(client).parent().map(Path::to_owned).unwrap_or_default();
        let stage = Self { place, rows, programs };
        if ground.engine == Engine::Sqlite {
            output(&mut ground.asks(&stage.place, "PRAGMA journal_mode = WAL"))?;
        }
        for sql in [TABLE, &filled(ground.engine, rows), INDEX] {
            output(&mut ground.asks(&stage.place, sql))?;
        }
        let settle: &[&str] = match ground.engine {
            Engine::Postgres => &["VACUUM ANALYZE cargo", "CHECKPOINT"],
            Engine::MariaDb => &["ANALYZE TABLE cargo"],
            Engine::Sqlite => &["PRAGMA wal_checkpoint(TRUNCATE)"],
        };
        for sql in settle {
            output(&mut ground.asks(&stage.place, sql))?;
        }
        fs::create_dir(stage.place.folder.join("migrations"))?;
        fs::create_dir(stage.outside())?;
        Ok(stage)
    }

    /// Where the others put their copies.
    fn outside(&self) -> PathBuf {
        self.place.folder.join("copies")
    }

    fn snapshots(&self) -> PathBuf {
        self.place.folder.join("data/snapshots")
    }

    /// The size of the data as the engine's own program writes it, uncompressed; of a file, its own.
    pub fn logical_bytes(&self, ground: &Ground) -> Fallible<u64> {
        let script = match ground.engine {
            Engine::Postgres => "pg_dump -Fc -Z0 -d \"$C\" | wc -c",
            Engine::MariaDb => "mariadb-dump --single-transaction --quick $C | wc -c",
            Engine::Sqlite => "wc -c <\"$D\"",
        };
        Ok(output(&mut self.shell(ground, &self.place, script))?.trim().parse()?)
    }

    /// The command that copies the database out.
    pub fn out(&self, ground: &Ground, contender: Contender) -> Command {
        match contender {
            Contender::Windlass => self.windlass(&["snapshot", "create"]),
            Contender::WindlassPlain => {
                let mut plain = self.windlass(&["snapshot", "create"]);
                plain.env("WINDLASS__SNAPSHOTS__COMPRESSION", "none");
                plain
            }
            other => self.shell(ground, &self.place, other.script(ground.engine)),
        }
    }

    /// The engine's own program, filling an empty database with what [`Contender::Own`] made.
    pub fn back_by_hand(&self, ground: &Ground) -> Fallible<Command> {
        let empty = ground.fresh()?;
        let mut command = self.shell(ground, &empty, Contender::OwnBack.script(ground.engine));
        command.env("F", self.outside().join("copy"));
        Ok(command)
    }

    /// The one snapshot there is, restored.
    pub fn back(&self) -> Fallible<Command> {
        let mut names = fs::read_dir(self.snapshots())?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let manifest = names.find_map(|name| name.strip_suffix(".json").map(str::to_owned)).ok_or("no snapshot")?;
        Ok(self.windlass(&["--yes", "snapshot", "restore", &manifest]))
    }

    /// Takes the rows away: what is restored is not there.
    pub fn empty(&self, ground: &Ground) -> Fallible<()> {
        let sql = if ground.engine == Engine::Sqlite { "DELETE FROM cargo" } else { "TRUNCATE TABLE cargo" };
        output(&mut ground.asks(&self.place, sql)).map(drop)
    }

    /// Fails unless every row is there.
    pub fn must_be_whole(&self, ground: &Ground) -> Fallible<()> {
        ground.must_have(&self.place, "cargo", usize::try_from(self.rows)?)
    }

    /// The size of what was copied out last.
    pub fn taken_bytes(&self) -> Fallible<u64> {
        Ok([self.outside(), self.snapshots()].iter().map(|folder| size(folder)).sum::<io::Result<u64>>()?)
    }

    /// Removes what was copied out.
    pub fn forget(&self) -> Fallible<()> {
        for folder in [self.outside(), self.snapshots()] {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
        }
        Ok(fs::create_dir(self.outside())?)
    }

    /// Removes the database.
    pub fn clear(self, ground: &Ground) -> Fallible<()> {
        ground.remove(self.place)
    }

    fn windlass(&self, words: &[&str]) -> Command {
        let mut windlass = Command::new(env!("CARGO_BIN_EXE_windlass"));
        windlass.args(words).current_dir(&self.place.folder).stdin(Stdio::null());
        windlass.env("WINDLASS__TARGET__URL", &self.place.url);
        windlass
    }

    fn shell(&self, ground: &Ground, place: &Place, script: &str) -> Command {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("set -euo pipefail; {script}")]).stdin(Stdio::null());
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{path}", self.programs.display()));
        shell
            .env("C", words_of(ground.engine, place))
            .env("F", self.outside().join("copy"))
            .env("D", place.folder.join("app.db"));
        shell
    }
}

/// A database in the words of the engine's own programs, as a shell takes them.
fn words_of(engine: Engine, place: &Place) -> String {
    if engine != Engine::MariaDb {
        return place.url.clone();
    }
    let (server, name) = place.url.trim_start_matches("mysql://").split_once('/').unwrap_or_default();
    let (user, host) = server.split_once('@').unwrap_or_default();
    let (host, port) = host.split_once(':').unwrap_or_default();
    format!("-u {user} -h {host} -P {port} {name}")
}

fn size(folder: &Path) -> io::Result<u64> {
    if !folder.exists() {
        return Ok(0);
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}
