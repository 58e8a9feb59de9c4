//! One file for each run: what it did, statement by statement, written as it happens, so that a process that is killed leaves
//! what was done so far.
//!
//! Each entry is one write to the file, and blocks for as long as that takes.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::harmless;
use crate::config::LogFormat;

const FOLDER: &str = "logs";
const ENDING: &str = ".log";
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// So much of one text is written; of a longer one, its beginning and its length.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// When a run began, in a file's name: it sorts by time.
const BEGAN: &str = "%Y%m%dT%H%M%S%.3fZ";

/// The files of all runs.
#[derive(Debug, Clone)]
pub struct RunLogs {
    folder: PathBuf,
}

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

impl RunLogs {
    /// Those that lie beside the control store at `store`. Touches nothing.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        let folder = store.parent().unwrap_or(Path::new("")).join(FOLDER);
        Self { folder: std::path::absolute(&folder).unwrap_or(folder) }
    }

    /// Begins the file of a run (mode 600, its folder 700), and removes the oldest, so that at most `keep` are left.
    ///
    /// # Errors
    /// When it cannot be made; an old one that cannot be removed stays.
    pub fn begin(
        &self,
        began: DateTime<Utc>,
        kind: &str,
        job: &str,
        format: LogFormat,
        keep: usize,
    ) -> io::Result<RunLog> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.folder)?;
        let path = self.folder.join(format!("{}-{kind}-{job}{ENDING}", began.format(BEGAN)));
        let file = OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(&path)?;
        self.prune(keep);
        Ok(RunLog(Arc::new(Inner { path, format, file: Mutex::new(Some(file)) })))
    }

    /// The files there are, by the job whose each is.
    #[must_use]
    pub fn by_job(&self) -> BTreeMap<String, PathBuf> {
        let names = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        names.filter_map(|entry| Some((job_in(entry.file_name().to_str()?)?.to_owned(), entry.path()))).collect()
    }

    fn prune(&self, keep: usize) {
        let mut files: Vec<PathBuf> = self.by_job().into_values().collect();
        files.sort();
        for old in files.iter().take(files.len().saturating_sub(keep)) {
            if let Err(error) = fs::remove_file(old).or_else(unless_gone) {
                tracing::warn!(%error, "{}, the log of an old run, could not be removed", old.display());
            }
        }
    }
}

/// Another process may remove the same.
fn unless_gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Whose log a file is: `20261130T194200.000Z-migrate-01J9Z3M8T6W1X0Y5V4Q2N7KCBD.log`.
fn job_in(name: &str) -> Option<&str> {
    let (rest, job) = name.strip_suffix(ENDING)?.rsplit_once('-')?;
    let (began, _kind) = rest.split_once('-')?;
    let is_ours = chrono::NaiveDateTime::parse_from_str(began, BEGAN).is_ok() && ulid::Ulid::from_string(job).is_ok();
    is_ours.then_some(job)
}

impl RunLog {
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
