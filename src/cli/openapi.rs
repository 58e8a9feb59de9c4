//! `windlass openapi`

use super::{call::Call, exit::Exit, failure::Failure, output::Output};

/// Needs no settings and no database.
#[expect(clippy::unnecessary_wraps, reason = "every command answers alike")]
pub(super) fn run(call: &Call) -> Result<Exit, Failure> {
    Output::text(&(call.http.openapi)());
    Ok(Exit::Fine)
}
