//! What was asked for on the command line.

use std::env;

use super::{Engine, Fallible};

/// How many rows the table has, when nobody says.
const ROWS: usize = 1_000_000;
/// How often each has its turn, when nobody says.
const ROUNDS: usize = 3;

/// What was asked for.
pub struct Words {
    pub engines: Vec<Engine>,
    pub rows: usize,
    pub rounds: usize,
}

impl Words {
    /// Reads the command line; cargo's own `--bench` is passed over.
    pub fn of_command_line() -> Fallible<Self> {
        let mut words = Self { engines: Vec::new(), rows: ROWS, rounds: ROUNDS };
        let mut given = env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = given.next() {
            let mut value = || given.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--rows" => words.rows = value()?.parse()?,
                "--rounds" => words.rounds = value()?.parse()?,
                name => words.engines.push(Engine::called(name).ok_or(format!("{name:?} is not understood"))?),
            }
        }
        if words.engines.is_empty() {
            words.engines = vec![Engine::Postgres, Engine::MariaDb, Engine::Sqlite];
        }
        Ok(words)
    }
}
