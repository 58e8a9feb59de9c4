//! What ends exactly when the connection ends: the lock, and the deadline of the statement that runs.
//!
//! A dropped session does not stop SQLite at once: its thread finishes the statement first. The connection therefore owns
//! a share of the watch (inside its progress handler), and the lock in it is freed only when the connection is closed.

use std::{
    collections::BTreeMap,
    fs::File,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::SqliteConnection;

/// How many steps of SQLite's machine run between two looks at the watch.
const WATCH_STEPS: u16 = 2_000;

/// The value of a deadline that never comes.
const NEVER_MS: u64 = u64::MAX;

/// What the session and its connection share.
#[derive(Debug)]
pub(super) struct Watch {
    began: Instant,
    deadline_ms: AtomicU64,
    /// How often the statement that runs looked at the watch.
    looks: AtomicU64,
    abandoned: AtomicBool,
    lock: Mutex<Option<File>>,
}

/// The watches of this process's sessions, by the sessions' names, so that one can be stopped from outside.
static WATCHES: Mutex<BTreeMap<String, Weak<Watch>>> = Mutex::new(BTreeMap::new());

/// Stops the statement that the session of this name is at; nothing happens when it is at none.
pub(super) fn stop(name: &str) {
    let watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(watch) = watches.get(name).and_then(Weak::upgrade) {
        watch.deadline_ms.store(0, Ordering::Relaxed);
    }
}

/// How many steps the statement of the session of this name has made; `None` when there is no such session.
pub(super) fn steps(name: &str) -> Option<u64> {
    let watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    let watch = watches.get(name).and_then(Weak::upgrade)?;
    Some(watch.looks.load(Ordering::Relaxed) * u64::from(WATCH_STEPS))
}

/// The session's end of the watch. Dropped, it stops the statement that still runs.
#[derive(Debug)]
pub(super) struct Watcher(Arc<Watch>);

impl Watch {
    fn must_stop(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.abandoned.load(Ordering::Relaxed) || self.is_late()
    }

    /// Whether the running statement is past its deadline.
    pub(super) fn is_late(&self) -> bool {
        let deadline = self.deadline_ms.load(Ordering::Relaxed);
        deadline != NEVER_MS && self.elapsed_ms() >= deadline
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NEVER_MS)
    }

    /// The statement that runs next has this long; `None` as long as it likes.
    pub(super) fn allow(&self, limit: Option<Duration>) {
        let deadline = limit.map_or(NEVER_MS, |limit| {
            self.elapsed_ms().saturating_add(u64::try_from(limit.as_millis()).unwrap_or(NEVER_MS))
        });
        self.deadline_ms.store(deadline, Ordering::Relaxed);
        self.looks.store(0, Ordering::Relaxed);
    }

    /// The file whose OS lock is held, if it is.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<File>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Lets the session of this name be stopped from outside.
    pub(super) fn is_called(&self, name: &str) {
        let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|_, watch| watch.strong_count() > 0);
        watches.insert(name.to_owned(), Arc::downgrade(&self.0));
    }

    /// Puts a watch on a connection: the handler runs on the connection's own thread, every [`WATCH_STEPS`] steps of a
    /// statement, and stops it when it must (SQLite manual, `sqlite3_progress_handler`).
    ///
    /// # Errors
    /// When the connection's thread is gone.
    pub(super) async fn on(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let watch = Arc::new(Watch {
            began: Instant::now(),
            deadline_ms: AtomicU64::new(NEVER_MS),
            looks: AtomicU64::new(0),
            abandoned: AtomicBool::new(false),
            lock: Mutex::new(None),
        });
        let share = Arc::clone(&watch);
        connection.lock_handle().await?.set_progress_handler(i32::from(WATCH_STEPS), move || !share.must_stop());
        Ok(Self(watch))
    }
}

impl std::ops::Deref for Watcher {
    type Target = Watch;

    fn deref(&self) -> &Watch {
        &self.0
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
    }
}
