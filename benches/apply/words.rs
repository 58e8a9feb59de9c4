//! What was asked for on the command line.

use std::env;

use super::{Engine, Fallible};

/// How many migrations a catalog has, when nobody says.
const SIZES: [usize; 3] = [10, 100, 1000];
/// How often every contender has its turn, when nobody says.
const ROUNDS: usize = 5;

/// What was asked for.
pub struct Words {
    pub engines: Vec<Engine>,
    pub sizes: Vec<usize>,
    pub rounds: usize,
    /// Whether sqlx-cli takes part.
    pub with_sqlx: bool,
}

impl Words {
    /// Reads the command line; cargo's own `--bench` is passed over.
    pub fn of_command_line() -> Fallible<Self> {
        let mut words = Self { engines: Vec::new(), sizes: SIZES.to_vec(), rounds: ROUNDS, with_sqlx: true };
        let mut given = env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = given.next() {
            let mut value = || given.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--sizes" => words.sizes = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--rounds" => words.rounds = value()?.parse()?,
                "--without-sqlx" => words.with_sqlx = false,
                name => words.engines.push(Engine::called(name).ok_or(format!("{name:?} is not understood"))?),
            }
        }
        if words.engines.is_empty() {
            words.engines = vec![Engine::Postgres, Engine::MariaDb, Engine::Sqlite];
        }
        Ok(words)
    }
}
