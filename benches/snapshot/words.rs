//! What was asked for on the command line.

use std::env;

use super::{Engine, Fallible};

/// How much data there is, when nobody says.
const MEGABYTES: u64 = 1_024;
/// How often each has its turn, when nobody says.
const ROUNDS: usize = 3;

/// What was asked for.
pub struct Words {
    pub engines: Vec<Engine>,
    pub megabytes: u64,
    pub rounds: usize,
}

impl Words {
    /// Reads the command line; cargo's own `--bench` is passed over.
    pub fn of_command_line() -> Fallible<Self> {
        let mut words = Self { engines: Vec::new(), megabytes: MEGABYTES, rounds: ROUNDS };
        let mut given = env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = given.next() {
            let mut value = || given.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--mb" => words.megabytes = value()?.parse()?,
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
