//! `windlass completions`

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{arguments::Arguments, exit::Exit, failure::Failure, output::Output};

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Needs no settings and no database.
#[expect(clippy::unnecessary_wraps, reason = "every command answers alike")]
pub(super) fn run(words: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    generate(words.shell, &mut Arguments::command(), "windlass", &mut script);
    Output::text(&String::from_utf8_lossy(&script));
    Ok(Exit::Fine)
}
