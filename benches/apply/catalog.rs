//! A catalog of many small migrations, in windlass's layout and in sqlx's, with the same SQL on every engine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Fallible;

/// How many migrations lead to one version.
const OF_ONE_VERSION: usize = 10;

/// The catalog on disk.
pub struct Catalog {
    /// How many migrations it has.
    pub size: usize,
    /// The folder in windlass's layout.
    pub windlass: PathBuf,
    /// The folder in sqlx's.
    pub sqlx: PathBuf,
}

impl Catalog {
    /// Writes `size` migrations below `folder`: a table, an index and some rows each, with a way back.
    pub fn write(size: usize, folder: &Path) -> Fallible<Self> {
        let catalog = Self { size, windlass: folder.join("migrations"), sqlx: folder.join("sqlx") };
        fs::create_dir(&catalog.sqlx)?;
        for number in 1..=size {
            let place = catalog.windlass.join(identity(number));
            fs::create_dir_all(&place)?;
            fs::write(place.join("up.sql"), up(number))?;
            fs::write(place.join("down.sql"), format!("DROP TABLE account_{number:04};\n"))?;
            fs::write(place.join("metadata.json"), metadata(number))?;
            fs::write(catalog.sqlx.join(format!("{number:04}_add_account_{number:04}.sql")), up(number))?;
        }
        Ok(catalog)
    }
}

/// The version that a migration leads to.
pub fn version(number: usize) -> String {
    format!("1.{}.0", (number - 1) / OF_ONE_VERSION)
}

/// What windlass calls a migration.
pub fn identity(number: usize) -> String {
    format!("v{}_{:02}_add_account_{number:04}", version(number), (number - 1) % OF_ONE_VERSION + 1)
}

/// What a person calls it.
pub fn description(number: usize) -> String {
    format!("Accounts of region {number}")
}

fn metadata(number: usize) -> String {
    format!("{{\n  \"description\": \"{}\",\n  \"author\": \"Ada Marlow\"\n}}\n", description(number))
}

fn up(number: usize) -> String {
    format!(
        "-- {}\n\
         CREATE TABLE account_{number:04} (\n\
         \x20   id INTEGER NOT NULL PRIMARY KEY,\n\
         \x20   name VARCHAR(120) NOT NULL,\n\
         \x20   email VARCHAR(255) NOT NULL,\n\
         \x20   state VARCHAR(20) NOT NULL DEFAULT 'active',\n\
         \x20   balance_cents INTEGER NOT NULL DEFAULT 0,\n\
         \x20   created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n\
         );\n\
         CREATE INDEX account_{number:04}_email ON account_{number:04} (email);\n\
         INSERT INTO account_{number:04} (id, name, email) VALUES\n\
         \x20   (1, 'Ada Marlow', 'ada@example.org'),\n\
         \x20   (2, 'Jo O''Neill', 'jo@example.org'),\n\
         \x20   (3, 'Kim Berg', 'kim@example.org');\n",
        description(number)
    )
}
