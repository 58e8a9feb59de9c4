//! The only room that calls SQLite's C interface: the online backup, and whether a file may be written. The driver has
//! neither.

#![expect(unsafe_code, reason = "the online backup of SQLite is reached through its C interface alone")]

use std::{ffi::CStr, marker::PhantomData, ptr::NonNull};

use libsqlite3_sys as c;
use sqlx::{SqliteConnection, sqlite::LockedSqliteHandle};

/// The database of a connection that is no attached one.
const MAIN: &CStr = c"main";

/// What one step of a backup came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Pages are left.
    More,
    /// Every page is copied, and the copy is committed.
    Done,
    /// Somebody else holds one of the two files; nothing is lost.
    Busy,
}

/// A failure of the backup, in SQLite's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The extended result code.
    pub code: i32,
    /// SQLite's words.
    pub message: String,
}

/// A copy of one database over another on its way, as one transaction of the destination. Dropped before it is done, it is
/// rolled back (SQLite manual, "SQLite Backup API").
pub(super) struct Backup<'a> {
    raw: NonNull<c::sqlite3_backup>,
    /// Both connections stay locked, hence unused by anybody else, as long as the backup lives.
    connections: PhantomData<&'a mut LockedSqliteHandle<'a>>,
}

impl<'a> Backup<'a> {
    /// Begins to copy `from` over `to`.
    pub(super) fn begin<'h: 'a>(
        from: &'a mut LockedSqliteHandle<'h>,
        to: &'a mut LockedSqliteHandle<'h>,
    ) -> Result<Self, Failure> {
        let (from, to) = (from.as_raw_handle(), to.as_raw_handle());
        // SAFETY: both handles are open, differ, and are locked for 'a; the names are static C strings.
        let raw = unsafe { c::sqlite3_backup_init(to.as_ptr(), MAIN.as_ptr(), from.as_ptr(), MAIN.as_ptr()) };
        match NonNull::new(raw) {
            Some(raw) => Ok(Self { raw, connections: PhantomData }),
            None => Err(last_failure(to)),
        }
    }

    /// Copies up to `pages` pages; all that are left when it is negative.
    pub(super) fn step(&mut self, pages: i32) -> Result<Step, Failure> {
        // SAFETY: the backup is not finished: only Drop finishes it.
        match unsafe { c::sqlite3_backup_step(self.raw.as_ptr(), pages) } {
            c::SQLITE_OK => Ok(Step::More),
            c::SQLITE_DONE => Ok(Step::Done),
            code if matches!(code & 0xff, c::SQLITE_BUSY | c::SQLITE_LOCKED) => Ok(Step::Busy),
            code => Err(Failure { code, message: words_of(code) }),
        }
    }

    /// Pages still to be copied, as of the last step.
    pub(super) fn remaining(&self) -> i32 {
        // SAFETY: the backup is not finished.
        unsafe { c::sqlite3_backup_remaining(self.raw.as_ptr()) }
    }
}

impl Drop for Backup<'_> {
    fn drop(&mut self) {
        // SAFETY: called once, while both connections are still open and locked. An error it tells was told by `step`.
        unsafe { c::sqlite3_backup_finish(self.raw.as_ptr()) };
    }
}

/// Whether the connection's file can only be read (SQLite manual, `sqlite3_db_readonly`).
///
/// # Errors
/// When the connection's thread is gone.
pub(super) async fn is_read_only(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    // SAFETY: the handle is open and locked; the name is a static C string.
    Ok(unsafe { c::sqlite3_db_readonly(handle.as_raw_handle().as_ptr(), MAIN.as_ptr()) } == 1)
}

fn last_failure(connection: NonNull<c::sqlite3>) -> Failure {
    // SAFETY: the connection is open and locked by the caller; the message is copied before anything else is called.
    unsafe {
        Failure {
            code: c::sqlite3_extended_errcode(connection.as_ptr()),
            message: CStr::from_ptr(c::sqlite3_errmsg(connection.as_ptr())).to_string_lossy().into_owned(),
        }
    }
}

fn words_of(code: i32) -> String {
    // SAFETY: `sqlite3_errstr` answers with a static string, or null for a code it does not know.
    let words = unsafe { c::sqlite3_errstr(code) };
    if words.is_null() {
        return format!("result code {code}");
    }
    // SAFETY: not null, and static.
    unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
}
