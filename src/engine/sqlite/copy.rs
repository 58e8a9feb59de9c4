//! One database over another, page by page, on a thread that may block.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use sqlx::{SqliteConnection, sqlite::LockedSqliteHandle};
use tokio::{runtime::Handle, task};

use super::{
    EngineError,
    fence::Fence,
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

/// How often the copy begins again because somebody wrote to the destination in the instant before it was locked.
const FENCES_MAX: u32 = 100;

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
    from: SqliteConnection,
    to: SqliteConnection,
    source: Source,
) -> Result<(SqliteConnection, SqliteConnection), EngineError> {
    fenced(from, to, source, None).await
}

/// The same from a source that is held, and only if the fence holds once `to` is this copy's alone.
///
/// # Errors
/// As [`copy`]; [`EngineError::Fenced`] when another run has written to `to`.
pub(super) async fn over(
    from: SqliteConnection,
    to: SqliteConnection,
    fence: Option<Fence>,
) -> Result<(SqliteConnection, SqliteConnection), EngineError> {
    fenced(from, to, Source::Held, fence).await
}

async fn fenced(
    mut from: SqliteConnection,
    mut to: SqliteConnection,
    source: Source,
    mut fence: Option<Fence>,
) -> Result<(SqliteConnection, SqliteConnection), EngineError> {
    let (_stop_when_dropped, stop) = StopWhenDropped::fresh();
    let runtime = Handle::current();
    let work = move || {
        let (mut from_handle, mut to_handle) = runtime
            .block_on(async { Ok((from.lock_handle().await?, to.lock_handle().await?)) })
            .map_err(|error: sqlx::Error| EngineError::Lost { reason: error.to_string() })?;
        let mut outcome = Ok(false);
        for _ in 0..FENCES_MAX {
            outcome =
                attempt(&mut from_handle, &mut to_handle, source, fence.as_mut().map(|fence| (fence, &runtime)), &stop);
            if !matches!(outcome, Ok(false)) {
                break;
            }
        }
        drop((from_handle, to_handle));
        if let Some(fence) = fence {
            runtime.block_on(fence.close());
        }
        if outcome? { Ok((from, to)) } else { Err(refused(busy(&format!("written to by others, {FENCES_MAX} times")))) }
    };
    task::spawn_blocking(work).await.map_err(|error| EngineError::Lost { reason: error.to_string() })?
}

/// One copy; false where somebody wrote between the fence's first look and the moment from which nobody else can.
fn attempt<'h>(
    from: &mut LockedSqliteHandle<'h>,
    to: &mut LockedSqliteHandle<'h>,
    source: Source,
    fence: Option<(&mut Fence, &Handle)>,
    stop: &AtomicBool,
) -> Result<bool, EngineError> {
    let Some((fence, runtime)) = fence else {
        return Backup::begin(from, to)
            .and_then(|mut backup| drive(&mut backup, source, stop))
            .map(|()| true)
            .map_err(refused);
    };
    runtime.block_on(fence.look())?;
    let mut backup = Backup::begin(from, to).map_err(refused)?;
    take(&mut backup, stop).map_err(refused)?;
    if !runtime.block_on(fence.holds())? {
        return Ok(false);
    }
    drive(&mut backup, source, stop).map(|()| true).map_err(refused)
}

/// Takes the destination for the copy alone, without copying anything: a step of no pages locks it, until the copy ends
/// (SQLite source, `sqlite3_backup_step`).
fn take(backup: &mut Backup<'_>, stop: &AtomicBool) -> Result<(), Failure> {
    let begun = Instant::now();
    while backup.step(0)? == Step::Busy {
        if stop.load(Ordering::Relaxed) {
            return Err(given_up());
        }
        if begun.elapsed().as_millis() > u128::from(BUSY_MS_MAX) {
            return Err(busy(&format!("busy for {BUSY_MS_MAX} ms")));
        }
        thread::sleep(Duration::from_millis(BUSY_PAUSE_MS));
    }
    Ok(())
}

fn refused(Failure { code, message }: Failure) -> EngineError {
    EngineError::Refused { code: code.to_string(), message }
}

fn busy(how: &str) -> Failure {
    let message = format!("the file was {how}; try again when it is quieter");
    Failure { code: libsqlite3_sys::SQLITE_BUSY, message }
}

fn given_up() -> Failure {
    Failure { code: libsqlite3_sys::SQLITE_ABORT, message: "the copy was given up".to_owned() }
}

fn drive(backup: &mut Backup<'_>, source: Source, stop: &AtomicBool) -> Result<(), Failure> {
    let (mut restarts, mut left) = (0, i32::MAX);
    let mut busy_ms = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(given_up());
        }
        let tried = Instant::now();
        match backup.step(if restarts < RESTARTS_MAX { STEP_PAGES } else { ALL_PAGES })? {
            Step::Done => return Ok(()),
            Step::Busy => {
                thread::sleep(Duration::from_millis(BUSY_PAUSE_MS));
                busy_ms += tried.elapsed().as_millis();
                if busy_ms > u128::from(BUSY_MS_MAX) {
                    return Err(busy(&format!("busy for {BUSY_MS_MAX} ms")));
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
