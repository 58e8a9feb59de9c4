//! What the layouts share that keep both ways of a migration in one file, `<number>_<name>.sql`.
//!
//! Each way's text has as many lines as the file: what is not its own is left empty, so that a statement keeps its line.

use super::numbered::{self, file_name};
use crate::catalog::{
    draft::{Draft, Source},
    folder::{Entry, Folder, Kind},
    reader::Reader,
};

/// The ways of one file.
#[derive(Debug, Default)]
pub struct Sections {
    /// Forward.
    pub up: String,
    /// Back.
    pub down: Option<String>,
    /// `Some(false)` when the file says that it is run without a transaction.
    pub transactional: Option<bool>,
}

/// What is wrong in a file: the line, what, and what to do.
#[derive(Debug)]
pub struct Fault {
    /// The line; the first is 1.
    pub line: usize,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Fault {
    /// A fault on a line.
    pub fn on(line: usize, message: impl Into<String>, remedy: &'static str) -> Self {
        Self { line, message: message.into(), remedy }
    }
}

/// Whether the first numbered file has a line that `marks` its layout. One file is enough: a tool of this kind refuses
/// a file without its line, so that each of them has it.
pub fn first_file_has(folder: &Folder, entries: &[Entry], marks: fn(&str) -> bool) -> bool {
    let is_file = |entry: &&Entry| entry.kind == Kind::File && file_name(&entry.name).is_some();
    let first = entries.iter().find(is_file).and_then(|entry| folder.beside().read(&entry.name).ok());
    first.is_some_and(|text| text.trim_start_matches('\u{feff}').lines().any(marks))
}

/// Reads the numbered files, each taken apart by `split`.
pub fn read(
    reader: &mut Reader,
    entries: &[Entry],
    split: impl Fn(&Reader, &str) -> Result<Sections, Fault>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for entry in entries {
        let Some((identity, source)) = numbered::sole(reader, entry) else { continue };
        let mut draft = numbered::draft(identity, &entry.name, None);
        let Some(Source { file, text }) = source else { continue };
        match split(reader, text.trim_start_matches('\u{feff}')) {
            Ok(Sections { up, down, transactional }) => {
                draft.metadata.transactional = transactional;
                draft.up = Some(Source { file: file.clone(), text: up });
                draft.down = down.map(|text| Source { file, text });
            }
            Err(Fault { line, message, remedy }) => {
                reader.fault("section", format!("{}:{line}", entry.name), message, remedy);
            }
        }
        drafts.push(draft);
    }
    drafts
}

/// `text` with `line` added, or an empty one.
pub fn push(text: &mut String, line: Option<&str>) {
    text.push_str(line.unwrap_or_default());
    text.push('\n');
}
