//! The folder with a file for each run: which there are, and how many are kept.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use nix::unistd::geteuid;

use super::RunLog;
use crate::config::{LogFormat, open_regular};

const FOLDER: &str = "logs";
const ENDING: &str = ".log";
const FOLDER_MODE: u32 = 0o700;
/// The mode bits by which others could change what is in a folder.
const OTHERS_WRITE: u32 = 0o022;
const FILE_MODE: u32 = 0o600;
/// When a run began, in a file's name: it sorts by time.
const BEGAN: &str = "%Y%m%dT%H%M%S%.3fZ";

/// The files of all runs.
#[derive(Debug, Clone)]
pub struct RunLogs {
    folder: PathBuf,
}

impl RunLogs {
    /// Those that lie beside the control store at `store`. Touches nothing.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        let folder = store.parent().unwrap_or(Path::new("")).join(FOLDER);
        Self { folder: std::path::absolute(&folder).unwrap_or(folder) }
    }

    /// Begins the file of a run (mode 600, its folder 700), and removes the oldest, so that at most `keep` are left; never its own,
    /// nor one that a process writes now.
    ///
    /// # Errors
    /// When it cannot be made, or others may write to the folder; an old one that cannot be removed stays.
    pub fn begin(
        &self,
        began: DateTime<Utc>,
        kind: &str,
        job: &str,
        format: LogFormat,
        keep: usize,
    ) -> io::Result<RunLog> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.folder)?;
        must_be_ours(&self.folder)?;
        let path = self.folder.join(format!("{}-{kind}-{job}{ENDING}", began.format(BEGAN)));
        let file = OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(&path)?;
        // It lasts as long as the writing. A file system without locks has none of them.
        let _ = file.try_lock();
        self.prune(keep, &path);
        RunLog::to(path, file, format)
    }

    /// The files there are, by the job whose each is.
    #[must_use]
    pub fn by_job(&self) -> BTreeMap<String, PathBuf> {
        let names = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        names.filter_map(|entry| Some((job_in(entry.file_name().to_str()?)?.to_owned(), entry.path()))).collect()
    }

    /// A clock that was ahead leaves names behind that sort after `own`.
    fn prune(&self, keep: usize, own: &Path) {
        let mut others: Vec<PathBuf> = self.by_job().into_values().filter(|path| path != own).collect();
        others.sort();
        let above = (others.len() + 1).saturating_sub(keep);
        for old in others.iter().take(above).filter(|path| !is_written(path)) {
            if let Err(error) = fs::remove_file(old).or_else(unless_gone) {
                tracing::warn!(%error, "{}, the log of an old run, could not be removed", old.display());
            }
        }
    }
}

/// Where others may write, they decide where a text lies, and which are removed.
fn must_be_ours(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let reason = match found.mode() & OTHERS_WRITE {
        _ if !found.is_dir() => "it is no folder",
        _ if found.uid() != geteuid().as_raw() => "it is somebody else's",
        0 => return Ok(()),
        _ => "others may write to it; chmod 700 ends that",
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} is not used: {reason}", folder.display())))
}

/// Whether a process writes it now. What is no file nobody writes.
fn is_written(path: &Path) -> bool {
    open_regular(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
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
