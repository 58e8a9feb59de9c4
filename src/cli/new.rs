//! `windlass new`

use std::path::PathBuf;

use clap::Args;
use semver::Version;
use serde::Serialize;

use super::{call::Call, exit::Exit, failure::Failure};
use crate::{catalog, clock::Clock};

/// Write the files of a new migration
#[derive(Debug, Args)]
pub struct New {
    /// Its name, in snake case
    pub name: String,
    /// The version the database has after it
    #[arg(long, value_name = "VERSION")]
    pub version: Version,
    /// For a person [default: the name in words]
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    path: PathBuf,
}

pub(super) fn run(new: &New, call: &Call) -> Result<Exit, Failure> {
    let config = call.config(&[])?;
    let now = Clock::system().now();
    let description = new.description.as_deref();
    let path = catalog::scaffold(&config.catalog.path, &new.version, &new.name, description, now)?;
    let written = Written { path };
    call.output.result(&written, |page| page.line(written.path.display().to_string()));
    call.output.note("write up.sql and down.sql, then look: windlass plan");
    Ok(Exit::Fine)
}
