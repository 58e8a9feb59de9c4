//! `windlass man`

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::generate_to;

use super::{arguments::Arguments, exit::Exit, failure::Failure, output::Output};

/// Print the manual page
#[derive(Debug, Args)]
pub struct Man {
    /// Write it into this folder instead, with a page for each command: windlass.1, windlass-up.1, …
    #[arg(long, value_name = "PATH")]
    pub folder: Option<PathBuf>,
}

/// Needs no settings and no database.
pub(super) fn run(words: &Man) -> Result<Exit, Failure> {
    let command = Arguments::command();
    let mut page = Vec::new();
    let written = match &words.folder {
        Some(folder) => std::fs::create_dir_all(folder).and_then(|()| generate_to(command, folder)),
        None => clap_mangen::Man::new(command).render(&mut page),
    };
    written.map_err(|error| {
        let folder = words.folder.as_deref().unwrap_or(Path::new("standard output")).display();
        let detail = format!("the manual pages could not be written to {folder}: {error}");
        Failure::of(Exit::Configuration, "configuration", detail, "name a folder that can be written with --folder")
    })?;
    Output::text(&String::from_utf8_lossy(&page));
    Ok(Exit::Fine)
}
