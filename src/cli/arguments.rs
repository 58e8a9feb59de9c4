//! The words of the command line.

use std::{path::PathBuf, time::Duration};

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::{adopt, audit, completions, down, init, man, new, plan, rehearse, snapshot, test, token, up, validate};
use crate::model::order::{InDoubt, SnapshotPolicy};

/// Takes an application's database from one version to the next, and back.
///
/// Exit codes: 0 fine · 1 migration needed (check, plan --exit-code), or the job failed · 2 incompatible, or a critical
/// finding · 64 usage · 69 target or server unreachable · 75 another run holds the lock · 78 configuration, or a token
/// that is not let in
#[derive(Debug, Parser)]
#[command(name = "windlass", version, arg_required_else_help = true, subcommand_required = true)]
pub struct Arguments {
    /// For every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Whether this is the service, which has many things to do at once; any other command has one.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve)
    }
}

/// For every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The configuration file, which must then exist [default: windlass.toml, if there is one]
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Also read the file of this environment: windlass.<NAME>.toml
    #[arg(long, global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// Set one setting, above files and variables; not for secrets: others see the command line
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub set: Vec<(String, String)>,
    /// Ask the windlass service at this address to do it, instead of working on the target itself; https, or http to this
    /// machine. The token comes from `WINDLASS_TOKEN` or --token-file
    #[arg(long, global = true, value_name = "URL", env = "WINDLASS_SERVER", hide_env_values = true)]
    pub server: Option<String>,
    /// The file with the token for --server, which nobody else may read [default: the token in `WINDLASS_TOKEN`]
    #[arg(long, global = true, value_name = "PATH")]
    pub token_file: Option<PathBuf>,
    /// Print exactly one JSON document on standard output, and errors as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but results and errors; `check` says nothing at all
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Ask no questions
    #[arg(long, short, global = true)]
    pub yes: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the HTTP API until told to stop
    Serve,
    /// Take the database to a newer version
    Up(up::Up),
    /// Take it back, by down scripts or by a snapshot
    Down(down::Down),
    /// Show what a run would do
    Plan(plan::Plan),
    /// Try migrations and their ways back on a scratch copy
    Rehearse(rehearse::Rehearse),
    /// Run the migrations' own tests in a scratch database
    Test(test::Test),
    /// Show how the database stands, what runs, and what ran
    Status,
    /// Show how long past jobs and migrations took, and how they ended
    Analytics,
    /// Check what is in the database against its history and the catalog
    Validate(validate::Validate),
    /// Compare what a fresh installation has with what the migrations make from nothing
    VerifyUpgrade,
    /// Tell by the exit code whether the database fits the application: 0 yes, 1 migrate, 2 it cannot
    Check,
    /// Show which database versions of the catalog fit the application
    Compatibility,
    /// Write the files of a new migration
    New(new::New),
    /// Write the settings and secrets of an environment
    Init(init::Init),
    /// Record what a database without history holds
    Adopt(adopt::Adopt),
    /// Who asked for what, and what came of it
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print a token for the HTTP API
    Token(token::Token),
    /// Restorable copies
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    /// Print the description of the HTTP API
    Openapi,
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("write it as section.key=value".to_owned()),
    }
}

/// A duration in words: `30s`, `10m`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime_serde::re::humantime::parse_duration(text).map_err(|_| "write it as 30s, 10m or 1h".to_owned())
}

/// `always`, `required` or `never`.
pub(super) fn snapshot_policy() -> impl TypedValueParser<Value = SnapshotPolicy> {
    PossibleValuesParser::new(["always", "required", "never"]).map(|word| match word.as_str() {
        "required" => SnapshotPolicy::Required,
        "never" => SnapshotPolicy::Never,
        _ => SnapshotPolicy::Always,
    })
}

/// `redo` or `done`.
pub(super) fn in_doubt() -> impl TypedValueParser<Value = InDoubt> {
    PossibleValuesParser::new(["redo", "done"]).map(|word| match word.as_str() {
        "redo" => InDoubt::Redo,
        _ => InDoubt::Done,
    })
}
