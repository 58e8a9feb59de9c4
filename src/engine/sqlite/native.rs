//! The only room that calls SQLite's C interface: the online backup, whether a file may be written and how often it was, and rows
//! one by one without a copy of their values. The driver has none of these.

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

/// A value of a row, where SQLite keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stored<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

/// The rows of a query, one at a time.
pub(super) struct Cursor<'a> {
    raw: NonNull<c::sqlite3_stmt>,
    connection: NonNull<c::sqlite3>,
    /// There was a last row: another step would begin again (SQLite manual, `sqlite3_step`).
    is_done: bool,
    /// The connection stays locked, hence open and used by nobody else, as long as the cursor lives.
    locked: PhantomData<&'a ()>,
}

impl<'a> Cursor<'a> {
    /// Prepares a query.
    pub(super) fn over(connection: &'a Connected<'_>, sql: &str) -> Result<Self, Failure> {
        let connection = connection.0;
        let length = i32::try_from(sql.len()).unwrap_or(i32::MAX);
        let mut raw = std::ptr::null_mut();
        // SAFETY: the handle is open and locked for 'a; the text is read only up to its length, and copied.
        let code = unsafe {
            c::sqlite3_prepare_v2(connection.as_ptr(), sql.as_ptr().cast(), length, &raw mut raw, std::ptr::null_mut())
        };
        match NonNull::new(raw) {
            Some(raw) if code == c::SQLITE_OK => Ok(Self { raw, connection, is_done: false, locked: PhantomData }),
            _ => Err(last_failure(connection)),
        }
    }

    /// Goes to the next row; false behind the last.
    pub(super) fn step(&mut self) -> Result<bool, Failure> {
        if self.is_done {
            return Ok(false);
        }
        // SAFETY: the statement is finalized by Drop alone.
        match unsafe { c::sqlite3_step(self.raw.as_ptr()) } {
            c::SQLITE_ROW => Ok(true),
            c::SQLITE_DONE => {
                self.is_done = true;
                Ok(false)
            }
            _ => Err(last_failure(self.connection)),
        }
    }

    /// The value of a column of the row at hand, until the next step.
    pub(super) fn value(&mut self, column: usize) -> Stored<'_> {
        let (raw, column) = (self.raw.as_ptr(), i32::try_from(column).unwrap_or(i32::MAX));
        // SAFETY: the statement lives; a column that is not there is NULL (SQLite manual, "Result Values From A Query").
        match unsafe { c::sqlite3_column_type(raw, column) } {
            // SAFETY: as above.
            c::SQLITE_INTEGER => Stored::Integer(unsafe { c::sqlite3_column_int64(raw, column) }),
            // SAFETY: as above.
            c::SQLITE_FLOAT => Stored::Real(unsafe { c::sqlite3_column_double(raw, column) }),
            c::SQLITE_TEXT => {
                // SAFETY: as above.
                let start = unsafe { c::sqlite3_column_text(raw, column) };
                Stored::Text(self.bytes(start, column))
            }
            c::SQLITE_BLOB => {
                // SAFETY: as above.
                let start = unsafe { c::sqlite3_column_blob(raw, column) };
                Stored::Blob(self.bytes(start.cast(), column))
            }
            _ => Stored::Null,
        }
    }

    /// The bytes at `start`, which was just asked for: then their number is right (same place: "the safest policy").
    fn bytes(&self, start: *const u8, column: i32) -> &[u8] {
        // SAFETY: the statement lives.
        let length = unsafe { c::sqlite3_column_bytes(self.raw.as_ptr(), column) };
        match usize::try_from(length) {
            // SAFETY: SQLite keeps that many bytes there until the next step, and `value` borrows the cursor as long.
            Ok(length) if !start.is_null() => unsafe { std::slice::from_raw_parts(start, length) },
            _ => &[],
        }
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        // SAFETY: called once, while the connection is still open and locked. What it tells was told by `step`.
        unsafe { c::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// A connection that is locked, for several cursors at once: SQLite itself takes turns between statements of one connection.
pub(super) struct Connected<'a>(NonNull<c::sqlite3>, PhantomData<&'a mut LockedSqliteHandle<'a>>);

impl<'a> Connected<'a> {
    pub(super) fn by<'h: 'a>(handle: &'a mut LockedSqliteHandle<'h>) -> Self {
        Self(handle.as_raw_handle(), PhantomData)
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
