//! What was asked for on the command line.

use std::{env, time::Duration};

use super::{Fallible, load::Enough};

/// How many connections ask at once, when nobody says.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How long they ask, when nobody says.
const SECONDS: u64 = 1;
/// How often every contender has its turn, when nobody says: often and not long, so that a disturbance meets few of one's turns.
const ROUNDS: usize = 15;

/// What was asked for.
pub struct Words {
    pub connections: Vec<usize>,
    pub rounds: usize,
    seconds: u64,
    requests: Option<u64>,
}

impl Words {
    /// Reads the command line; cargo's own `--bench` is passed over.
    pub fn of_command_line() -> Fallible<Self> {
        let mut words = Self { connections: CONNECTIONS.to_vec(), rounds: ROUNDS, seconds: SECONDS, requests: None };
        let mut given = env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = given.next() {
            let value = given.next().ok_or(format!("{word} needs a value"))?;
            match word.as_str() {
                "--connections" => words.connections = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--rounds" => words.rounds = value.parse()?,
                "--seconds" => words.seconds = value.parse()?,
                "--requests" => words.requests = Some(value.parse()?),
                _ => return Err(format!("{word:?} is not understood").into()),
            }
        }
        Ok(words)
    }

    /// When a load is at its end.
    pub fn enough(&self) -> Enough {
        self.requests.map_or(Enough::Time(Duration::from_secs(self.seconds)), Enough::Requests)
    }
}
