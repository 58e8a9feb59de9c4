//! Who takes part, and with which words.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{Catalog, Fallible, Ground, floor, ground::Place};

/// Who takes part.
pub enum Contender {
    /// The engine's own client, with the statements that windlass sends: the floor.
    Client,
    /// windlass, doing what the floor does and nothing else.
    Windlass,
    /// windlass as it is when nobody asks for less.
    Defaults,
    /// sqlx-cli.
    Sqlx(PathBuf),
}

impl Contender {
    /// As the table calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Client => "client (floor)",
            Self::Windlass => "windlass",
            Self::Defaults => "windlass, defaults",
            Self::Sqlx(_) => "sqlx-cli",
        }
    }

    /// The table that has a row for each migration afterwards.
    pub fn history(&self) -> &'static str {
        match self {
            Self::Sqlx(_) => "_sqlx_migrations",
            _ => "migration_history",
        }
    }

    /// Applies the catalog to an empty database.
    pub fn applies(&self, ground: &Ground, catalog: &Catalog, place: &Place) -> Fallible<Command> {
        match self {
            Self::Client => ground.feeds(place, &floor::path(ground)),
            Self::Windlass => {
                Ok(windlass(catalog, place, &["up", "--snapshot", "never", "--no-validate", "--through"]))
            }
            Self::Defaults => Ok(windlass(catalog, place, &["up", "--through"])),
            Self::Sqlx(program) => Ok(sqlx(program, catalog, place)),
        }
    }

    /// Finds that there is nothing to do; the client is only asked for the history.
    pub fn finds_nothing(&self, ground: &Ground, catalog: &Catalog, place: &Place) -> Fallible<Command> {
        match self {
            Self::Client => Ok(ground.asks(place, floor::HISTORY)),
            _ => self.applies(ground, catalog, place),
        }
    }
}

/// windlass with its own files beside the database, and settings from nowhere else.
pub fn windlass(catalog: &Catalog, place: &Place, words: &[&str]) -> Command {
    let mut windlass = Command::new(env!("CARGO_BIN_EXE_windlass"));
    windlass.args(words).current_dir(&place.folder).stdin(Stdio::null());
    windlass.env("WINDLASS__TARGET__URL", &place.url).env("WINDLASS__CATALOG__PATH", &catalog.windlass);
    windlass
}

fn sqlx(program: &PathBuf, catalog: &Catalog, place: &Place) -> Command {
    let mut sqlx = Command::new(program);
    // sqlx-cli makes no database file by itself.
    let url = if place.url.starts_with("sqlite:") { format!("{}?mode=rwc", place.url) } else { place.url.clone() };
    sqlx.args(["migrate", "run", "--source"]).arg(&catalog.sqlx).args(["--database-url", &url]);
    sqlx.current_dir(&place.folder).stdin(Stdio::null());
    sqlx
}
