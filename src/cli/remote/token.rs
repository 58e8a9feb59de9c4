//! The token: from a file or the environment, never from the command line.

use std::{env, path::Path};

use secrecy::SecretString;

use crate::{
    cli::{
        exit::Exit,
        failure::{Failure, with_causes},
    },
    config::read_secret,
};

/// The variable that holds a token.
const VARIABLE: &str = "WINDLASS_TOKEN";

/// The token in `file`, else the one in `WINDLASS_TOKEN`. Blocks for one small file.
///
/// # Errors
/// No token at all; a file that is missing, empty, or open to others than its owner.
pub(super) fn token(file: Option<&Path>) -> Result<SecretString, Failure> {
    if let Some(file) = file {
        return read_secret(file).map_err(|error| {
            let next = "mend the file, or name another by --token-file";
            Failure::of(Exit::Configuration, "token-file", with_causes(&error), next)
        });
    }
    let text = env::var(VARIABLE).unwrap_or_default();
    match text.trim() {
        "" => Err(Failure::known("unauthenticated", "a server is asked with a token, and there is none")),
        token => Ok(token.into()),
    }
}
