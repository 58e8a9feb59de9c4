//! One file for each run: what it did, statement by statement, written as it happens, so that a process that is killed leaves
//! what was done so far.
//!
//! Nobody waits for the disk (`writer.rs`): a run that holds locks goes on while its log hangs.

use std::{
    fmt::Write as _,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::{harmless, writer::Writer};
use crate::config::LogFormat;

/// So much of one text is written; of a longer one, its beginning and its length.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// In a file that is as long as this, the texts of statements are left out.
pub const RUN_LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// In a file that is as long as this, nothing more is written but how it ends.
pub const RUN_LOG_LINES_BYTES_MAX: u64 = 2 * RUN_LOG_BYTES_MAX;

/// The file of one run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RunLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    format: LogFormat,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once it could not be written, and behind the end.
    writer: Option<Writer>,
    /// So many entries were left out since the last that was not.
    left_out: u64,
    /// So long is it.
    bytes: u64,
    /// It says that texts are left out.
    is_long: bool,
    /// So many entries were left out behind its limit, and the last of them.
    behind: u64,
    last: Option<String>,
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
    /// Into `file`, which is at `path`, by a thread of its own.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn to(path: PathBuf, file: File, format: LogFormat) -> io::Result<Self> {
        let state =
            State { writer: Some(Writer::to(file)?), left_out: 0, bytes: 0, is_long: false, behind: 0, last: None };
        Ok(Self(Arc::new(Inner { path, format, state: Mutex::new(state) })))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Has an entry written, at once where the disk takes it. What a disk does not take in time is left out, and the file says
    /// so where it goes on. After an error nothing more is written. Never blocks.
    ///
    /// # Errors
    /// The system's, once, for this entry or one before it.
    pub fn write(&self, entry: &Entry<'_>) -> io::Result<()> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = &mut state.writer else { return Ok(()) };
        if let Some(error) = writer.failed() {
            state.writer = None;
            return Err(error);
        }
        if !writer.has_room() {
            state.left_out += 1;
            return Ok(());
        }
        self.go_on(&mut state, entry.at);
        let sql = entry.sql.filter(|_| state.bytes < RUN_LOG_BYTES_MAX);
        if sql.is_none() && entry.sql.is_some() && !std::mem::replace(&mut state.is_long, true) {
            let mib = RUN_LOG_BYTES_MAX / (1024 * 1024);
            let message = &format!("this file has {mib} MiB: from here on the texts of statements are left out");
            self.put(&mut state, &Entry { at: entry.at, level: "warning", message, sql: None, fields: Vec::new() });
        }
        let entry = Entry { sql, ..entry.clone() };
        if state.bytes >= RUN_LOG_LINES_BYTES_MAX {
            state.behind += 1;
            state.last = Some(self.text(&entry));
        } else {
            self.put(&mut state, &entry);
        }
        Ok(())
    }

    /// Ends the file once all is written, and waits for that for two seconds at most.
    ///
    /// # Errors
    /// The system's, unless it was told; [`io::ErrorKind::TimedOut`] when the disk has not taken all of it.
    pub async fn end(&self, at: DateTime<Utc>) -> io::Result<()> {
        let writer = {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            self.go_on(&mut state, at);
            self.close(&mut state, at);
            state.writer.take()
        };
        match writer {
            Some(writer) => writer.end().await,
            None => Ok(()),
        }
    }

    /// Says what was left out, if anything was.
    fn go_on(&self, state: &mut State, at: DateTime<Utc>) {
        let left_out = std::mem::take(&mut state.left_out);
        if left_out > 0 {
            let message = &format!("{left_out} entries are left out here: the disk did not take them in time");
            let fields = vec![("left_out", left_out.into())];
            self.put(state, &Entry { at, level: "warning", message, sql: None, fields });
        }
    }

    /// Says what was left out behind the limit, but for the last of it, which tells how the run ended.
    fn close(&self, state: &mut State, at: DateTime<Utc>) {
        let Some(last) = state.last.take() else { return };
        let (mib, left_out) = (RUN_LOG_LINES_BYTES_MAX / (1024 * 1024), state.behind - 1);
        let message = &format!("this file has {mib} MiB: {left_out} entries are left out here, the last one follows");
        let fields = vec![("left_out", left_out.into())];
        self.put(state, &Entry { at, level: "warning", message, sql: None, fields });
        put(state, last);
    }

    fn put(&self, state: &mut State, entry: &Entry<'_>) {
        put(state, self.text(entry));
    }

    fn text(&self, entry: &Entry<'_>) -> String {
        match self.0.format {
            LogFormat::Human => for_a_person(entry),
            LogFormat::Json => for_a_program(entry),
        }
    }
}

fn put(state: &mut State, text: String) {
    let Some(writer) = &state.writer else { return };
    state.bytes += text.len() as u64;
    writer.put(text);
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
