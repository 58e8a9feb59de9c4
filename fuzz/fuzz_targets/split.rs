//! The splitter on any text: no panic, pieces are parts of the text in order, the checksum is stable, what was cut once stays
//! whole; and SQLite itself, which is in this process, ends its statements at the same places.
//!
//! `./test fuzz split`. What the other servers count is in `tests/it/sql/servers.rs`.

#![no_main]

use std::{ffi::CString, ptr, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use libsqlite3_sys as ffi;
use windlass::sql::{Dialect, checksum, names, split};

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        check(dialect, text);
    }
    // A marker is ours alone, and the C functions read to the first NUL.
    if !text.contains("windlass:") && !text.contains('\0') {
        sqlite_agrees(text);
    }
});

fn check(dialect: Dialect, text: &str) {
    let _ = names(dialect, text);
    let found = checksum(dialect, &[text]);
    assert_eq!(found, checksum(dialect, &[text]), "the checksum is not stable");
    let statements = match split(dialect, text) {
        Ok(statements) => statements,
        Err(error) => return assert_eq!(found, Err(error)),
    };
    let mut at = 0;
    for statement in &statements {
        let Some(place) = text[at..].find(&statement.sql) else {
            panic!("{:?} is not behind {at}", statement.sql);
        };
        at += place + statement.sql.len();
    }
    if dialect != Dialect::MySql && !text.contains("windlass:") {
        let cut: Vec<String> = statements.into_iter().map(|statement| statement.sql).collect();
        // Behind the line end that is put between them it would be a blank: SQLite takes it so.
        if cut.iter().any(|sql| sql.starts_with('\u{b}')) {
            return;
        }
        let again = split(dialect, &cut.join(";\n")).expect("what was cut once");
        assert_eq!(cut, again.into_iter().map(|statement| statement.sql).collect::<Vec<_>>());
    }
}

fn sqlite_agrees(text: &str) {
    let found = split(Dialect::Sqlite, text);
    if matches!(&found, Err(error) if error.message.contains("command of")) {
        return;
    }
    let is_whole = is_complete(&format!("{text}\n;"));
    assert_eq!(found.is_ok(), is_whole, "{found:?}");
    let Ok(statements) = found else { return };
    let pieces = sqlite_pieces(text);
    assert_eq!(statements.len(), pieces.len(), "windlass: {statements:?}\nSQLite: {pieces:?}");
    for (statement, piece) in statements.iter().zip(&pieces) {
        assert!(piece.contains(&statement.sql), "{:?} is not in {piece:?}", statement.sql);
        if let Prepared::Statement { behind } = prepared(&statement.sql) {
            assert!(matches!(prepared(&behind), Prepared::Nothing), "{:?} leaves {behind:?}", statement.sql);
        }
    }
}

/// The pieces between two ends of statements that hold anything.
fn sqlite_pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(';') {
        if is_complete(&text[start..=at]) {
            pieces.push(&text[start..at]);
            start = at + 1;
        }
    }
    pieces.push(&text[start..]);
    pieces.retain(|piece| !matches!(prepared(piece), Prepared::Nothing));
    pieces
}

fn is_complete(text: &str) -> bool {
    let text = CString::new(text).expect("no NUL");
    // SAFETY: the pointer is to a string that ends in NUL and outlives the call.
    unsafe { ffi::sqlite3_complete(text.as_ptr()) == 1 }
}

enum Prepared {
    /// Blanks and comments.
    Nothing,
    Statement {
        behind: String,
    },
    /// Not without the tables that it names, or not at all.
    Refused,
}

/// A database in memory.
static DATABASE: LazyLock<usize> = LazyLock::new(|| {
    let mut database = ptr::null_mut();
    // SAFETY: the name ends in NUL, and the database is never closed.
    let code = unsafe { ffi::sqlite3_open(c":memory:".as_ptr(), &mut database) };
    assert_eq!(code, ffi::SQLITE_OK);
    database as usize
});

/// What SQLite's own compiler takes from the beginning of a text. Nothing is executed.
fn prepared(text: &str) -> Prepared {
    let text = CString::new(text).expect("no NUL");
    let (mut statement, mut tail) = (ptr::null_mut(), ptr::null());
    // SAFETY: the text ends in NUL and outlives the tail, which points into it; the statement is finalised once.
    unsafe {
        let database = *DATABASE as *mut ffi::sqlite3;
        let code = ffi::sqlite3_prepare_v2(database, text.as_ptr(), -1, &mut statement, &mut tail);
        let behind = std::ffi::CStr::from_ptr(tail).to_string_lossy().into_owned();
        let is_nothing = statement.is_null();
        ffi::sqlite3_finalize(statement);
        match code {
            ffi::SQLITE_OK if is_nothing => Prepared::Nothing,
            ffi::SQLITE_OK => Prepared::Statement { behind },
            _ => Prepared::Refused,
        }
    }
}
