//! The histories: where they lie in their crates, and how much they hold.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::harness::{
    crate_source::{Published, source_of},
    database::{Database, On},
};

/// A history for one engine.
#[derive(Debug, Clone, Copy)]
pub struct History {
    /// The crate that carries it; none for a catalog of these tests.
    pub published: Option<Published>,
    /// The folder of the migrations, in the crate or in this repository.
    pub folder: &'static str,
    pub on: On,
    pub migrations: usize,
    pub statements: usize,
}

const ATUIN: Published = Published { name: "atuin-server-postgres", version: "18.20.1" };
const TORRUST: Published = Published { name: "torrust-index", version: "3.0.0" };
const FANG: Published = Published { name: "fang", version: "0.11.0" };
const MATRIX: Published = Published { name: "matrix-sdk-sqlite", version: "0.19.1" };
const LEMMY: Published = Published { name: "lemmy_db_schema", version: "1.0.0-test-fix-publish-3" };
const APALIS: Published = Published { name: "apalis-mysql", version: "1.0.0-rc.8" };
const APALIS_PG: Published = Published { name: "apalis-postgres", version: "1.0.0" };
const APALIS_LITE: Published = Published { name: "apalis-sqlite", version: "1.0.0" };
const CALA: Published = Published { name: "cala-ledger", version: "0.33.3" };
pub const PGMQ: Published = Published { name: "pgmq", version: "0.34.0-alpha.7" };

const fn history(
    published: Published,
    folder: &'static str,
    on: On,
    (migrations, statements): (usize, usize),
) -> History {
    History { published: Some(published), folder, on, migrations, statements }
}

pub const ATUIN_POSTGRES: History = history(ATUIN, "migrations", On::Postgres, (20, 31));
pub const TORRUST_MARIADB: History = history(TORRUST, "migrations/mysql", On::MariaDb, (33, 45));
pub const TORRUST_SQLITE: History = history(TORRUST, "migrations/sqlite3", On::Sqlite, (33, 83));
pub const FANG_POSTGRES: History = history(FANG, "postgres_migrations/migrations", On::Postgres, (2, 9));
pub const FANG_MARIADB: History = history(FANG, "mysql_migrations/migrations", On::MariaDb, (1, 5));
pub const FANG_SQLITE: History = history(FANG, "sqlite_migrations/migrations", On::Sqlite, (1, 5));
pub const MATRIX_CRYPTO: History = history(MATRIX, "migrations/crypto_store", On::Sqlite, (19, 38));
pub const MATRIX_EVENTS: History = history(MATRIX, "migrations/event_cache_store", On::Sqlite, (18, 66));
pub const MATRIX_MEDIA: History = history(MATRIX, "migrations/media_store", On::Sqlite, (2, 4));
pub const MATRIX_STATE: History = history(MATRIX, "migrations/state_store", On::Sqlite, (16, 37));
pub const LEMMY_POSTGRES: History = history(LEMMY, "migrations", On::Postgres, (336, 2650));
pub const APALIS_POSTGRES: History = history(APALIS_PG, "migrations", On::Postgres, (23, 70));
pub const APALIS_SQLITE: History = history(APALIS_LITE, "migrations", On::Sqlite, (11, 49));
pub const CALA_POSTGRES: History = history(CALA, "migrations", On::Postgres, (3, 72));
pub const PGMQ_POSTGRES: History = history(PGMQ, "migrations", On::Postgres, (1, 2));
pub const APALIS_MARIADB: History = history(APALIS, "migrations", On::MariaDb, (10, 27));

const fn ours(folder: &'static str, on: On, statements: usize) -> History {
    History { published: None, folder, on, migrations: 3, statements }
}

pub const VOLUNTEERS_POSTGRES: History = ours("tests/catalogs/volunteers_postgres", On::Postgres, 30);
pub const VOLUNTEERS_MARIADB: History = ours("tests/catalogs/volunteers", On::MariaDb, 11);
pub const VOLUNTEERS_SQLITE: History = ours("tests/catalogs/volunteers", On::Sqlite, 12);

/// The files of one migration, as an onlooker finds them.
#[derive(Debug)]
pub struct Files {
    pub up: PathBuf,
    pub down: Option<PathBuf>,
}

impl History {
    /// Its migrations on disk.
    pub fn catalog(&self) -> PathBuf {
        let place = self.published.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), source_of);
        place.join(self.folder)
    }

    /// What the engine's client is to run, in order: by number, then by name.
    pub fn files(&self) -> Vec<Files> {
        self.files_in(&self.catalog())
    }

    /// The same of a copy.
    pub fn files_in(&self, catalog: &Path) -> Vec<Files> {
        let entries = fs::read_dir(catalog).expect("the migrations").map(|entry| entry.expect("an entry").path());
        let mut numbered: Vec<_> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
        numbered.sort();
        numbered.into_iter().filter_map(|(_, path)| files(path, self.on)).collect()
    }
}

/// The digits that a name begins with, with or without dashes between them; of a version `v1.2.0`, all three.
fn number(path: &Path) -> Option<u64> {
    let (number, _) = path.file_name()?.to_str()?.split_once('_')?;
    number.trim_start_matches('v').replace(['-', '.'], "").parse().ok()
}

fn files(path: PathBuf, on: On) -> Option<Files> {
    if path.is_dir() {
        let engine = match on {
            On::Sqlite => "sqlite",
            On::Postgres => "postgres",
            On::MariaDb => "mysql",
        };
        let script = |way: &str| {
            let names = [format!("{way}.{engine}.sql"), format!("{way}.sql")];
            names.into_iter().map(|name| path.join(name)).find(|file| file.exists())
        };
        return Some(Files { up: script("up")?, down: script("down") });
    }
    path.extension().is_some_and(|ending| ending == "sql").then_some(Files { up: path, down: None })
}

impl Database {
    /// Has the engine's own client run these files up to the first that is refused; gives how many came before it, and what
    /// the client said.
    pub fn runs_all<'a>(&self, files: impl IntoIterator<Item = &'a Path>) -> Option<(usize, String)> {
        files.into_iter().enumerate().find_map(|(before, file)| Some((before, self.runs(file).err()?)))
    }
}
