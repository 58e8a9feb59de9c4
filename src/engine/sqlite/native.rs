//! The only room that calls SQLite's C interface: the online backup, whether a file may be written, and how often it was. The
//! driver has none of it.

#![expect(unsafe_code, reason = "the online backup of SQLite is reached through its C interface alone")]

use std::{
    ffi::CStr,
    marker::PhantomData,
    ptr::{NonNull, null_mut},
};

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

/// Where the header of a database with a rollback journal counts its commits, and how many bytes that takes (SQLite manual,
/// "Database File Format", 1.3.7).
const COMMITS: (i64, usize) = (24, 4);

/// The number of commits that the file of a database with a rollback journal has seen, modulo 2³². It is read through the
/// connection's own file: one that were opened and closed beside it would drop the locks of this process. No lock is asked
/// for, so that it can be read while another connection has the file to itself.
///
/// # Errors
/// When the connection's thread is gone, or the file cannot be read.
pub(super) async fn commits(connection: &mut SqliteConnection) -> Result<u32, sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    let raw = handle.as_raw_handle().as_ptr();
    let mut file: *mut c::sqlite3_file = null_mut();
    let mut bytes = [0_u8; COMMITS.1];
    // SAFETY: the handle is open and locked; the opcode writes one pointer to where the last argument points (SQLite manual,
    // `SQLITE_FCNTL_FILE_POINTER`).
    let told =
        unsafe { c::sqlite3_file_control(raw, MAIN.as_ptr(), c::SQLITE_FCNTL_FILE_POINTER, (&raw mut file).cast()) };
    let unreadable = |code| sqlx::Error::Io(std::io::Error::other(words_of(code)));
    if told != c::SQLITE_OK {
        return Err(unreadable(told));
    }
    let size = i32::try_from(bytes.len()).unwrap_or_default();
    // SAFETY: the file is the connection's and lives as long as it does; its methods are null only for one that is not
    // open; `bytes` has room for as many as are asked for.
    let read = unsafe {
        let methods = file.as_ref().and_then(|file| file.pMethods.as_ref());
        methods.and_then(|methods| methods.xRead).map(|read| read(file, bytes.as_mut_ptr().cast(), size, COMMITS.0))
    };
    match read {
        Some(c::SQLITE_OK) => Ok(u32::from_be_bytes(bytes)),
        code => Err(unreadable(code.unwrap_or(c::SQLITE_IOERR))),
    }
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
