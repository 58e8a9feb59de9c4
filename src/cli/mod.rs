//! The command line: a door like the HTTP service, with the same desk and the same enquiry behind it.
//!
//! Results go to standard output, everything else to standard error. One file for each command; each reads its
//! arguments, asks, and says what it prints and how the process exits. Where the work is done, here or on a server, is known
//! to `place` alone.

mod adopt;
mod analytics;
pub mod arguments;
mod audit;
mod break_lock;
mod call;
mod carry_out;
mod check;
mod compatibility;
mod completions;
mod confirm;
mod down;
pub mod exit;
pub mod failure;
mod init;
mod known;
mod loss;
mod man;
mod new;
mod openapi;
mod output;
mod place;
pub mod plan;
mod rehearse;
mod remote;
mod run_report;
mod serve;
mod show;
mod signals;
mod snapshot;
mod status;
mod table;
mod test;
mod token;
mod up;
mod validate;
mod verify_upgrade;
mod words;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;

pub(crate) use self::call::account;
use self::{
    arguments::{Arguments, Command},
    call::Call,
    exit::Exit,
    failure::Failure,
    output::Output,
};
use crate::{app::App, lifecycle::Doors, telemetry};

/// The other door, handed in because rooms on one floor do not know each other.
#[derive(Clone, Copy)]
pub struct HttpDoor {
    /// The HTTP service over an application.
    pub doors: fn(App) -> Doors,
    /// Its description.
    pub openapi: fn() -> String,
}

/// Reads a command line.
///
/// # Errors
/// How the process exits when there is nothing to carry out: help was asked for, or the line is not understood.
pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Arguments, ExitCode> {
    let line: Vec<OsString> = line.into_iter().collect();
    Arguments::try_parse_from(&line).map_err(|refused| not_parsed(&refused, &line).into())
}

/// Carries a command line out, and says how the process exits.
///
/// The caller must exit at once afterwards, without waiting for blocking work.
pub async fn run(arguments: Arguments, http: HttpDoor) -> ExitCode {
    let Arguments { global, command } = arguments;
    let output = Output::of(&global);
    let exit = match carry_out(command, Call { global, output, http }).await {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    };
    // Who was told twice to end does not wait.
    if !matches!(exit, Exit::Killed(_)) {
        telemetry::end().await;
    }
    exit.into()
}

async fn carry_out(command: Command, call: Call) -> Result<Exit, Failure> {
    match command {
        Command::Serve => serve::run(&call).await,
        Command::Up(up) => up::run(up, &call).await,
        Command::Down(down) => down::run(down, &call).await,
        Command::Plan(plan) => plan::run(plan, &call).await,
        Command::Rehearse(rehearse) => rehearse::run(&rehearse, &call).await,
        Command::Test(test) => test::run(test, &call).await,
        Command::Status => status::run(&call).await,
        Command::Analytics => analytics::run(&call).await,
        Command::Validate(validate) => validate::run(validate, &call).await,
        Command::VerifyUpgrade => verify_upgrade::run(&call).await,
        Command::Check => check::run(&call).await,
        Command::Compatibility => compatibility::run(&call).await,
        Command::New(new) => new::run(&new, &call),
        Command::Init(init) => init::run(&init, &call),
        Command::Adopt(adopt) => adopt::run(adopt, &call).await,
        Command::Audit(audit) => audit::run(audit, &call).await,
        Command::Token(token) => token::run(&token, &call),
        Command::Snapshot(snapshot) => snapshot::run(snapshot, &call).await,
        Command::Openapi => openapi::run(&call),
        Command::Completions(completions) => completions::run(&completions),
        Command::Man(man) => man::run(&man),
    }
}

/// Help and version are results; anything else is a usage error, with 64 instead of clap's 2.
fn not_parsed(refused: &clap::Error, line: &[OsString]) -> Exit {
    let exit = exit_of(refused);
    if exit == Exit::Usage && line.iter().any(|word| word == "--json") {
        let text = refused.render().to_string();
        let text = text.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
        Output::json().failure(&Failure::usage(text));
    } else {
        // when nobody reads it, there is nobody to tell
        let _ = refused.print();
    }
    exit
}

/// How the process exits when clap does not hand out arguments.
#[must_use]
pub fn exit_of(refused: &clap::Error) -> Exit {
    if refused.use_stderr() { Exit::Usage } else { Exit::Fine }
}
