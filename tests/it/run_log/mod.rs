//! One file for each run: every step of it, as it happens, for whoever may read it.

mod bounded;
mod hanging;
mod kept;
mod unwritten;
mod written;

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::harness::{database::On, ship::Ship};

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\n\
    -- all that there are\n\
    INSERT INTO cabins (id, n)\n  VALUES (1, 0);\n";

/// A catalog with one migration of two statements.
async fn with_cabins(on: On) -> Ship {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship
}

/// The log files, oldest first.
fn files(ship: &Ship) -> Vec<PathBuf> {
    let folder = ship.folder().join("data/logs");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// What the newest one says.
fn newest(ship: &Ship) -> String {
    fs::read_to_string(files(ship).last().expect("a log file")).unwrap()
}

/// The entries of a file in JSON.
fn entries(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// These words must be there, in this order.
fn must_say_in_order(text: &str, words: &[&str]) {
    let mut from = 0;
    for word in words {
        let at = text[from..].find(word);
        from += at.unwrap_or_else(|| panic!("{word:?} is missing, or comes too early:\n{text}")) + word.len();
    }
}
