//! The table that is changed, and the two ways to change it.

use std::{
    fs,
    process::{Command, Stdio},
};

use super::{Engine, Fallible, Ground, batches, ground::Place, measure::output};

/// How every row is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By one UPDATE, from the engine's own client.
    Single,
    /// By windlass, in batches.
    Backfill,
}

impl Means {
    /// As the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "one UPDATE",
            Self::Backfill => "backfill",
        }
    }
}

/// Who else works on the table meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Nobody.
    Alone,
    /// A writer of the application.
    Writer,
}

impl Company {
    /// As the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alone => "nobody",
            Self::Writer => "a writer",
        }
    }
}

/// Makes the table. A row is about 100 bytes.
const TABLE: &str = "CREATE TABLE cargo (id INTEGER PRIMARY KEY, note VARCHAR(120) NOT NULL, n INTEGER NOT NULL, seen INTEGER NOT NULL);";

/// What is done to each row.
const UPDATE: &str = "UPDATE cargo SET n = n + 1";

/// The first line of the backfill, with its range.
const HEADER: &str = "-- windlass:backfill table=cargo key=id";

/// A database with the table in it.
pub struct Stage {
    place: Place,
    rows: usize,
}

impl Stage {
    /// A database of its own, at its first version, with so many rows in the table.
    pub fn set(ground: &Ground, rows: usize) -> Fallible<Self> {
        let stage = Self { place: ground.fresh()?, rows };
        stage.migration("v1.0.0_01_cargo", &[("up.sql", TABLE)])?;
        output(&mut stage.windlass())?;
        output(&mut ground.asks(&stage.place, &filled(rows)))?;
        let settle: &[&str] = match ground.engine {
            Engine::Postgres => &["VACUUM ANALYZE cargo", "CHECKPOINT"],
            Engine::MariaDb => &["ANALYZE TABLE cargo"],
            Engine::Sqlite => &["PRAGMA wal_checkpoint(TRUNCATE)"],
        };
        for sql in settle {
            output(&mut ground.asks(&stage.place, sql))?;
        }
        Ok(stage)
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.place.url
    }

    /// The command that changes every row once.
    pub fn change(&self, ground: &Ground, means: Means) -> Fallible<Command> {
        if means == Means::Single {
            return Ok(ground.asks(&self.place, UPDATE));
        }
        let backfill = format!("{HEADER}\n{UPDATE} WHERE id > :after AND id <= :upto;\n");
        self.migration("v1.1.0_01_batches", &[("up.sql", "SELECT 1;"), ("backfill.sql", &backfill)])?;
        let mut windlass = self.windlass();
        windlass.envs(batches::LOGGED);
        Ok(windlass)
    }

    fn migration(&self, name: &str, files: &[(&str, &str)]) -> Fallible<()> {
        let folder = self.place.folder.join("migrations").join(name);
        fs::create_dir_all(&folder)?;
        for (file, text) in files {
            fs::write(folder.join(file), text)?;
        }
        Ok(())
    }

    fn windlass(&self) -> Command {
        let mut windlass = Command::new(env!("CARGO_BIN_EXE_windlass"));
        windlass.args(["up", "--snapshot", "never", "--no-validate"]).current_dir(&self.place.folder);
        windlass.stdin(Stdio::null()).env("WINDLASS__TARGET__URL", &self.place.url);
        windlass
    }

    /// Fails unless every row was changed once.
    pub fn must_be_changed(&self, ground: &Ground) -> Fallible<()> {
        let found = output(&mut ground.asks(&self.place, "SELECT count(*) FROM cargo WHERE n = 1"))?;
        if found.trim() == self.rows.to_string() {
            return Ok(());
        }
        Err(format!("{} of {} rows are changed once", found.trim(), self.rows).into())
    }

    /// Removes the database.
    pub fn clear(self, ground: &Ground) -> Fallible<()> {
        ground.remove(self.place)
    }
}

/// The statement that fills the table.
fn filled(rows: usize) -> String {
    let digits = rows.max(2).ilog10() + 1;
    let ten: Vec<String> = (0..10).map(|digit| format!("SELECT {digit} AS d")).collect();
    let ten = ten.join(" UNION ALL ");
    let sum: Vec<String> = (0..digits).map(|place| format!("{} * t{place}.d", 10_u64.pow(place))).collect();
    let from: Vec<String> = (0..digits).map(|place| format!("({ten}) AS t{place}")).collect();
    let numbers = format!("SELECT {} AS x FROM {}", sum.join(" + "), from.join(" CROSS JOIN "));
    let note = "x".repeat(80);
    format!("INSERT INTO cargo SELECT x + 1, '{note}', 0, 0 FROM ({numbers}) AS numbers WHERE x < {rows} ORDER BY x")
}
