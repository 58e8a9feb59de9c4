//! Who holds the file, as the kernel tells it, and the run's heart: what stands in the lock file.
//!
//! A transaction has the whole file, so that nothing can be written into the database beside it. The lock file is ours
//! alone: its holder writes into it what it is doing, and the time of that is its last sign of life.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use async_trait::async_trait;

use super::{Place, fault, lock, watch};
use crate::{
    engine::{Beat, Blocker, EngineError, Lookout, Owner},
    model::progress::Within,
};

/// The byte of the `-shm` file that the writer of a database in WAL mode locks (SQLite source, `wal.c`, `WAL_WRITE_LOCK`).
const WAL_WRITER: u64 = 120;
/// The first of the bytes that are locked in the database file: PENDING, then RESERVED, then the readers' (SQLite source,
/// `os.h`, `PENDING_BYTE`).
const PENDING: u64 = 0x4000_0000;

/// A statement of fewer steps is over at once.
const STEPS_TOLD: u64 = 1_000_000;

/// Looks at the file from beside.
pub(super) struct SqliteLookout(pub(super) Place);

#[async_trait]
impl Lookout for SqliteLookout {
    async fn beat(&mut self, epoch: i64, doing: &str) -> Result<(), EngineError> {
        let path = lock::path_of(&self.0);
        fs::write(&path, format!("{epoch} {doing}\n")).map_err(|error| fault::on_file(&path, error))
    }

    /// Whoever may write the file, if that is not us. Where it is, and wants to write what readers still read (which only
    /// a rollback journal makes it wait for), they are in the way.
    async fn blockers(&mut self, _: &str) -> Result<Vec<Blocker>, EngineError> {
        let mut shared = self.0.path.clone().into_os_string();
        shared.push("-shm");
        let ours = std::process::id();
        let in_file = locks("POSIX", &self.0.path);
        let mut found: Vec<u32> = locks("POSIX", Path::new(&shared))
            .iter()
            .filter(|lock| lock.writes && (lock.start..=lock.end).contains(&WAL_WRITER))
            .chain(in_file.iter().filter(|lock| lock.writes && lock.start >= PENDING))
            .map(|lock| lock.process)
            .collect();
        if found.contains(&ours) {
            let waits = in_file.iter().any(|lock| lock.process == ours && lock.writes && lock.start == PENDING);
            let readers = in_file.iter().filter(|lock| waits && !lock.writes && lock.process != ours);
            found = readers.map(|lock| lock.process).collect();
        }
        found.sort_unstable();
        found.dedup();
        Ok(found.into_iter().map(blocker).collect())
    }

    /// SQLite counts the steps of its machine and does not know how many there will be.
    async fn within(&mut self, connection_id: &str) -> Result<Option<Within>, EngineError> {
        let steps = watch::steps(connection_id).filter(|steps| *steps >= STEPS_TOLD);
        Ok(steps.map(|steps| Within::at(format!("{} million steps", steps / STEPS_TOLD), 0, 0)))
    }

    async fn close(self: Box<Self>) {}
}

fn blocker(process: u32) -> Blocker {
    let words = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&words).replace('\0', " ");
    let program = words.split_whitespace().next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    Blocker {
        session: format!("process {process}"),
        state: (!program.is_empty()).then(|| format!("which is {program}, has the file")),
        ..Blocker::default()
    }
}

/// Who holds the target's lock, with what stands in the lock file.
pub(super) fn owner(place: &Place) -> Owner {
    let path = lock::path_of(place);
    let process = locks("FLOCK", &path).into_iter().find(|lock| lock.writes).map(|lock| lock.process);
    Owner {
        connection: process.map_or_else(|| "a process that cannot be seen from here".to_owned(), |id| id.to_string()),
        beat: beat(&path),
    }
}

/// The last sign of life; none in a file that nobody wrote into, or is writing into just now.
fn beat(path: &Path) -> Option<Beat> {
    let silent = fs::metadata(path).and_then(|file| file.modified()).ok()?.elapsed().unwrap_or_default();
    let text = fs::read_to_string(path).ok()?;
    let (epoch, doing) = text.trim_end().split_once(' ')?;
    let silent_ms = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX);
    Some(Beat { epoch: epoch.parse().ok()?, doing: doing.to_owned(), silent_ms })
}

/// A lock on a file, as the kernel tells it.
pub(super) struct Lock {
    pub(super) process: u32,
    writes: bool,
    start: u64,
    end: u64,
}

/// The locks of this kind on a file (Linux manual, `proc_locks(5)`). None where the kernel does not tell; those of
/// processes in another container are not told by their number.
pub(super) fn locks(kind: &str, path: &Path) -> Vec<Lock> {
    let Ok(inode) = fs::metadata(path).map(|file| file.ino()) else { return Vec::new() };
    let told = fs::read_to_string("/proc/locks").unwrap_or_default();
    told.lines().filter_map(|line| of_file(line, kind, inode)).collect()
}

/// `3: POSIX  ADVISORY  WRITE 4512 fe:00:6965852 0 EOF`
fn of_file(line: &str, kind: &str, inode: u64) -> Option<Lock> {
    let mut words = line.split_whitespace().skip(1);
    if words.next()? != kind {
        return None; // another kind, or `->`: it waits
    }
    let mut words = words.skip(1);
    let writes = words.next()? == "WRITE";
    let process = words.next()?.parse().ok().filter(|process| *process > 0)?;
    let file = words.next()?.rsplit(':').next()?.parse::<u64>().ok()?;
    let start = words.next()?.parse().ok()?;
    let end = words.next()?.parse().unwrap_or(u64::MAX);
    (file == inode).then_some(Lock { process, writes, start, end })
}
