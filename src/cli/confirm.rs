//! A question before something is taken away.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{call::Call, failure::Failure};

/// Whether a person is asked: one is there, and has not answered by `--yes`.
pub(super) fn is_asked(call: &Call) -> bool {
    !call.global.yes && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks `question`, unless nobody is there to ask or `--yes` answers it.
///
/// # Errors
/// [`Failure::declined`] when the answer is not yes.
pub(super) fn confirm(call: &Call, question: &str) -> Result<(), Failure> {
    if !is_asked(call) {
        return Ok(());
    }
    let mut stderr = io::stderr().lock();
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" if read.is_ok() => Ok(()),
        _ => Err(Failure::declined()),
    }
}
