//! One file for each run: what it did, statement by statement, written as it happens, so that a process that is killed leaves
//! what was done so far.
//!
//! Each entry is one write to the file, and blocks for as long as that takes.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::harmless;
use crate::config::LogFormat;

/// So much of one text is written; of a longer one, its beginning and its length.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The file of one run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RunLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    format: LogFormat,
    /// `None` once it could not be written.
    file: Mutex<Option<File>>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// `info`, `warning` or `error`.
    pub level: &'static str,
    /// What is told.
    pub message: &'a str,
    /// A text that is told as it is, over several lines.
    pub sql: Option<&'a str>,
    /// What of it a program may look for.
    pub fields: Vec<(&'static str, Value)>,
}

impl RunLog {
    /// Into `file`, which is at `path`.
    #[must_use]
    pub fn to(path: PathBuf, file: File, format: LogFormat) -> Self {
        Self(Arc::new(Inner { path, format, file: Mutex::new(Some(file)) }))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Writes an entry. After an error nothing more is written, so that nothing stands behind a gap.
    ///
    /// # Errors
    /// The system's, once.
    pub fn write(&self, entry: &Entry<'_>) -> io::Result<()> {
        let mut place = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = place.as_mut() else { return Ok(()) };
        let text = match self.0.format {
            LogFormat::Human => for_a_person(entry),
            LogFormat::Json => for_a_program(entry),
        };
        file.write_all(text.as_bytes()).inspect_err(|_| *place = None)
    }
}

/// A text is indented, so that none of its lines can be taken for the beginning of an entry.
fn for_a_person(entry: &Entry<'_>) -> String {
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut lines = entry.message.lines();
    let mut text = format!("{at} {:<7} {}\n", entry.level, harmless(lines.next().unwrap_or_default()));
    let sql = entry.sql.map(beginning);
    for line in lines.chain(sql.iter().flat_map(|sql| sql.lines())) {
        let _ = writeln!(text, "    {}", harmless(line));
    }
    text
}

fn for_a_program(entry: &Entry<'_>) -> String {
    let mut object = Map::new();
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    object.extend(
        [("at", at), ("level", entry.level.to_owned()), ("message", entry.message.to_owned())]
            .map(|(key, text)| (key.to_owned(), Value::String(text))),
    );
    object.extend(entry.fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    if let Some(sql) = entry.sql {
        object.insert("statement.sql".to_owned(), Value::String(beginning(sql)));
    }
    Value::Object(object).to_string() + "\n"
}

fn beginning(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    format!("{}\n… ({} bytes in all)", &text[..end], text.len())
}
