//! Who takes part.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Fallible, Ground, Service, ground::Place, measure::output, simple};

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// An axum handler that answers the same bytes and does nothing else: the floor.
    Bare,
    /// windlass.
    Windlass,
    /// An axum handler that asks the database each time.
    Asks,
}

/// What the contenders share: a database at its version, and the bytes that windlass answers about it.
pub struct Harbour {
    place: Place,
    body: PathBuf,
}

impl Contender {
    /// In the order of their turns.
    pub const ALL: [Self; 3] = [Self::Bare, Self::Windlass, Self::Asks];

    /// As the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare handler (floor)",
            Self::Windlass => "windlass",
            Self::Asks => "asks each time",
        }
    }

    /// Its service.
    pub fn command(self, harbour: &Harbour) -> Fallible<Command> {
        let how = match self {
            Self::Windlass => return Ok(harbour.windlass(&["serve"])),
            Self::Bare => &harbour.body,
            Self::Asks => Path::new(&harbour.place.url),
        };
        let mut command = Command::new(env::current_exe()?);
        command.env(simple::VARIABLE, how);
        Ok(command)
    }
}

impl Harbour {
    /// A database that windlass has brought to its version.
    pub fn ready(ground: &Ground) -> Fallible<Self> {
        let place = ground.fresh()?;
        let migration = place.folder.join("migrations/v1.0.0_01_cargo");
        fs::create_dir_all(&migration)?;
        fs::write(migration.join("up.sql"), "CREATE TABLE cargo (id INTEGER PRIMARY KEY);")?;
        let harbour = Self { body: place.folder.join("health.json"), place };
        output(&mut harbour.windlass(&["up", "--snapshot", "never"]))?;
        let service = Service::start(harbour.windlass(&["serve"]))?;
        fs::write(&harbour.body, service.body()?)?;
        Ok(harbour)
    }

    /// The rate limit is there and is never reached: what counting costs is part of an answer.
    fn windlass(&self, words: &[&str]) -> Command {
        let mut windlass = Command::new(env!("CARGO_BIN_EXE_windlass"));
        windlass.args(words).current_dir(&self.place.folder).env("WINDLASS__TARGET__URL", &self.place.url);
        for limit in ["PER_SECOND", "BURST"] {
            windlass.env(format!("WINDLASS__SERVER__RATE_LIMIT_{limit}"), "100000000");
        }
        windlass.env("WINDLASS__SERVER__LISTEN", "127.0.0.1:0");
        windlass
    }

    /// Removes the database.
    pub fn clear(self, ground: &Ground) -> Fallible<()> {
        ground.remove(self.place)
    }
}
