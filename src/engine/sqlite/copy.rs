//! One database over another, page by page, on a thread that may block.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use sqlx::SqliteConnection;
use tokio::{runtime::Handle, task};

use super::{
    EngineError,
    native::{Backup, Failure, Step},
};

/// How many pages are copied before others may have the file again (4 MiB of 4 KiB pages).
const STEP_PAGES: i32 = 1_024;

/// Every page that is left.
const ALL_PAGES: i32 = -1;

/// How long others have the file between two steps.
const STEP_PAUSE_MS: u64 = 2;

/// A write of somebody else to a source that is not held makes the copy begin again (SQLite manual, "SQLite Backup API");
/// after so many times it goes through in one step, which holds writers off until it is done.
const RESTARTS_MAX: u32 = 5;

/// How long a file may be busy, all in all.
const BUSY_MS_MAX: u64 = 30_000;

/// How long until a busy file is tried again.
const BUSY_PAUSE_MS: u64 = 20;

/// What others may do to the source meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing that the copy would see: it is ours alone, or a read transaction in WAL mode holds it as it was.
    Held,
    /// Write to it, between two steps.
    Open,
}

/// Stops work on a thread when whoever waits for it is gone.
pub(super) struct StopWhenDropped(Arc<AtomicBool>);

impl StopWhenDropped {
    /// With the sign to look at.
    pub(super) fn fresh() -> (Self, Arc<AtomicBool>) {
        let stop = Arc::new(AtomicBool::new(false));
        (Self(Arc::clone(&stop)), stop)
    }
}

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Copies `from` over `to` as one transaction of `to`, and gives both back.
///
/// # Errors
/// [`EngineError::Refused`] when a file stays busy for [`BUSY_MS_MAX`], or SQLite refuses; `to` is then as it was.
pub(super) async fn copy(
    mut from: SqliteConnection,
    mut to: SqliteConnection,
    source: Source,
) -> Result<(SqliteConnection, SqliteConnection), EngineError> {
    let (_stop_when_dropped, stop) = StopWhenDropped::fresh();
    let runtime = Handle::current();
    let work = move || {
        let (mut from_handle, mut to_handle) = runtime
            .block_on(async { Ok((from.lock_handle().await?, to.lock_handle().await?)) })
            .map_err(|error: sqlx::Error| EngineError::Lost { reason: error.to_string() })?;
        let outcome = Backup::begin(&mut from_handle, &mut to_handle)
            .and_then(|mut backup| drive(&mut backup, source, &stop))
            .map_err(|Failure { code, message }| EngineError::Refused { code: code.to_string(), message });
        drop((from_handle, to_handle));
        outcome.map(|()| (from, to))
    };
    task::spawn_blocking(work).await.map_err(|error| EngineError::Lost { reason: error.to_string() })?
}

fn drive(backup: &mut Backup<'_>, source: Source, stop: &AtomicBool) -> Result<(), Failure> {
    let (mut restarts, mut left) = (0, i32::MAX);
    let mut busy_ms = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure { code: libsqlite3_sys::SQLITE_ABORT, message: "the copy was given up".to_owned() });
        }
        let tried = Instant::now();
        match backup.step(if restarts < RESTARTS_MAX { STEP_PAGES } else { ALL_PAGES })? {
            Step::Done => return Ok(()),
            Step::Busy => {
                thread::sleep(Duration::from_millis(BUSY_PAUSE_MS));
                busy_ms += tried.elapsed().as_millis();
                if busy_ms > u128::from(BUSY_MS_MAX) {
                    let message = format!("the file was busy for {BUSY_MS_MAX} ms; try again when it is quieter");
                    return Err(Failure { code: libsqlite3_sys::SQLITE_BUSY, message });
                }
            }
            Step::More => {
                restarts += u32::from(backup.remaining() >= left);
                left = backup.remaining();
                if source == Source::Open {
                    thread::sleep(Duration::from_millis(STEP_PAUSE_MS));
                }
            }
        }
    }
}
