//! What a process costs: time on the wall, and the most memory it ever held.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use wait4::Wait4;

use super::Fallible;

/// What one process cost.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// From its start to its end.
    pub wall: Duration,
    /// Its largest resident set.
    pub rss_bytes: u64,
}

/// Runs a command to its end.
///
/// # Errors
/// When it fails, with what it said.
pub fn run(mut command: Command) -> Fallible<Spent> {
    let told = tempfile::tempfile()?;
    command.stdout(Stdio::null()).stderr(told.try_clone()?);
    let began = Instant::now();
    let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let ended = child.wait4()?;
    let wall = began.elapsed();
    if !ended.status.success() {
        return Err(format!("{command:?}: {}\n{}", ended.status, said(told)?).into());
    }
    Ok(Spent { wall, rss_bytes: ended.rusage.maxrss })
}

fn said(mut told: std::fs::File) -> Fallible<String> {
    use std::io::{Read, Seek};
    let mut text = String::new();
    told.rewind()?;
    told.read_to_string(&mut text)?;
    Ok(text)
}

/// Runs a command that nobody measures, and gives what it printed.
///
/// # Errors
/// When it fails, with what it said.
pub fn output(command: &mut Command) -> Fallible<String> {
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{command:?}: {}\n{said}", done.status).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}
