//! The rows of a dump, read while it passes.
//!
//! The dump's own transaction cannot be shared with another session, and so what it holds is read from itself: the text of
//! its INSERT statements, byte by byte. The client program writes them in one way: a value is NULL, a bare number, hexadecimal
//! digits behind `0x`, or a text in single quotes with backslashes (MariaDB and MySQL manuals, "mariadb-dump", "mysqldump",
//! --hex-blob; "String Literals"; it sets an empty `sql_mode`). A value is taken in as what the server sent to the program,
//! which is what the server sends to us when it is asked for the row.

use std::sync::Arc;

use memchr::{memchr, memchr2, memchr3};

use super::content::Listed;
use crate::engine::content::{Class, RowBytes};

/// So much of a line tells what it is.
const TOLD_BYTES: usize = 12;
const INSERT: &[u8; TOLD_BYTES] = b"INSERT INTO ";
const LOCK: &[u8; TOLD_BYTES] = b"LOCK TABLES ";
const UNLOCK: &[u8; TOLD_BYTES] = b"UNLOCK TABLE";
/// Bodies of triggers, routines and events stand between these two lines, and may hold anything.
const BODIES: &[u8; TOLD_BYTES] = b"DELIMITER ;;";
const NO_BODIES: &[u8] = b"DELIMITER ;";

/// The head of an INSERT names a table and at most all of its columns (4096 of 64 letters: MySQL manual, "Column Count Limits").
const HEAD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The beginning of a line.
    Line,
    /// Somewhere in a line that says nothing.
    Rest,
    /// Before the VALUES of an INSERT; within a name or not.
    Head { in_name: bool },
    /// Between two rows.
    Rows,
    /// Before a value.
    Value,
    /// In a value without quotes.
    Bare,
    /// In a text.
    Text,
    /// Behind a backslash in a text.
    Escape,
    /// Behind a quote in a text: it has ended, or the quote is doubled.
    Quote,
    /// Behind a value.
    Behind,
}

/// The reader of a dump.
pub(super) struct Inserts {
    tables: Arc<[Listed]>,
    at: At,
    /// The beginning of a line, the head of an INSERT, or a bare value.
    word: Vec<u8>,
    /// The rows that come now are data, not a body's text.
    is_data: bool,
    is_body: bool,
    /// The table at hand, if it is one of `tables`.
    table: Option<usize>,
    /// For each value of a row, whether it counts.
    counts: Vec<bool>,
    /// Values of the row so far, those that do not count included.
    seen: usize,
    row: RowBytes,
}

impl Inserts {
    pub(super) fn of(tables: Arc<[Listed]>) -> Self {
        Self {
            tables,
            at: At::Line,
            word: Vec::new(),
            is_data: false,
            is_body: false,
            table: None,
            counts: Vec::new(),
            seen: 0,
            row: RowBytes::default(),
        }
    }

    /// Takes in a piece of the dump; gives each row that ends in it to `take`, with the index of its table.
    ///
    /// # Errors
    /// In words, when it is not what the program writes.
    pub(super) fn piece(&mut self, piece: &[u8], mut take: impl FnMut(usize, &RowBytes)) -> Result<(), String> {
        let mut rest = piece;
        while !rest.is_empty() {
            let used = match self.at {
                At::Line => self.line(rest),
                At::Rest => self.rest(rest),
                At::Head { in_name } => self.head(rest, in_name)?,
                At::Rows => self.rows(rest[0])?,
                At::Value => self.value(rest[0]),
                At::Bare => self.bare(rest)?,
                At::Text => self.text(rest),
                At::Escape => self.escape(rest[0]),
                At::Quote => self.quote(rest[0]),
                At::Behind => self.behind(rest[0], &mut take)?,
            };
            rest = &rest[used..];
        }
        Ok(())
    }

    fn line(&mut self, rest: &[u8]) -> usize {
        let wanted = (TOLD_BYTES - self.word.len()).min(rest.len());
        let end = memchr(b'\n', &rest[..wanted]);
        self.word.extend_from_slice(&rest[..end.unwrap_or(wanted)]);
        if end.is_some() {
            self.is_body &= self.word != NO_BODIES;
            self.word.clear();
            return end.map_or(wanted, |end| end + 1);
        }
        if let Ok(told) = <&[u8; TOLD_BYTES]>::try_from(self.word.as_slice()) {
            self.at = At::Rest;
            match told {
                _ if self.is_body => {}
                INSERT if self.is_data => self.at = At::Head { in_name: false },
                LOCK => self.is_data = true,
                UNLOCK => self.is_data = false,
                BODIES => self.is_body = true,
                _ => {}
            }
            self.word.clear();
        }
        wanted
    }

    fn rest(&mut self, rest: &[u8]) -> usize {
        match memchr(b'\n', rest) {
            Some(end) => {
                self.at = At::Line;
                end + 1
            }
            None => rest.len(),
        }
    }

    fn head(&mut self, rest: &[u8], mut in_name: bool) -> Result<usize, String> {
        for (index, byte) in rest.iter().enumerate() {
            self.word.push(*byte);
            in_name ^= *byte == b'`';
            if !in_name && self.word.ends_with(b"VALUES") {
                self.begin_table()?;
                self.word.clear();
                self.at = At::Rows;
                return Ok(index + 1);
            }
        }
        self.at = At::Head { in_name };
        if self.word.len() > HEAD_BYTES_MAX {
            Err("an INSERT statement without VALUES".to_owned())
        } else {
            Ok(rest.len())
        }
    }

    /// Finds the table that the head names, and which of its columns count.
    fn begin_table(&mut self) -> Result<(), String> {
        let words = names(&self.word);
        let Some((name, columns)) = words.split_first() else { return Err("an INSERT into no table".to_owned()) };
        self.table = self.tables.iter().position(|listed| listed.table.name == *name);
        let Some(listed) = self.table.map(|index| &self.tables[index]) else { return Ok(()) };
        if columns.is_empty() {
            self.counts = listed.columns.iter().map(|(_, counts)| *counts).collect();
            return Ok(());
        }
        let counts = |name: &String| listed.columns.iter().any(|(column, counts)| *counts && column == name);
        self.counts = columns.iter().map(counts).collect();
        let counting = columns.iter().filter(|name| counts(name));
        if counting.eq(listed.table.columns.iter().map(|column| &column.name)) {
            return Ok(());
        }
        Err(format!("the rows of table {name} with other columns than the table's"))
    }

    fn rows(&mut self, byte: u8) -> Result<usize, String> {
        match byte {
            b'(' => {
                self.row.clear();
                self.seen = 0;
                self.at = At::Value;
            }
            b';' => self.at = At::Rest,
            b' ' | b'\r' | b'\n' | b',' => {}
            other => return Err(format!("a {:?} between two rows", char::from(other))),
        }
        Ok(1)
    }

    fn value(&mut self, byte: u8) -> usize {
        match byte {
            b' ' => 1,
            b'\'' => {
                self.row.begin(Class::Text);
                self.at = At::Text;
                1
            }
            b')' if self.seen == 0 => {
                self.at = At::Behind;
                0
            }
            _ => {
                self.at = At::Bare;
                0
            }
        }
    }

    fn bare(&mut self, rest: &[u8]) -> Result<usize, String> {
        let Some(end) = memchr3(b',', b')', b'\'', rest) else {
            self.word.extend_from_slice(rest);
            return Ok(rest.len());
        };
        self.word.extend_from_slice(&rest[..end]);
        if rest[end] == b'\'' {
            // `_binary 'text'`
            if self.word.first() != Some(&b'_') {
                return Err(format!("the value {:?}", String::from_utf8_lossy(&self.word)));
            }
            self.word.clear();
            self.row.begin(Class::Text);
            self.at = At::Text;
            return Ok(end + 1);
        }
        match self.word.as_slice() {
            b"NULL" => self.row.null(),
            [b'0', b'x', digits @ ..] => {
                self.row.begin(Class::Text);
                unhex(digits, &mut self.row)?;
                self.row.end();
            }
            number => self.row.value(Class::Text, number),
        }
        self.word.clear();
        self.end_value();
        Ok(end)
    }

    fn text(&mut self, rest: &[u8]) -> usize {
        let end = memchr2(b'\'', b'\\', rest).unwrap_or(rest.len());
        self.row.piece(&rest[..end]);
        match rest.get(end) {
            None => return end,
            Some(b'\'') => self.at = At::Quote,
            Some(_) => self.at = At::Escape,
        }
        end + 1
    }

    fn escape(&mut self, letter: u8) -> usize {
        // MySQL manual, "String Literals", special character escape sequences; `%` and `_` are not written by the program.
        self.row.piece(&[match letter {
            b'0' => 0,
            b'b' => 0x08,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'Z' => 0x1a,
            other => other,
        }]);
        self.at = At::Text;
        1
    }

    fn quote(&mut self, byte: u8) -> usize {
        if byte == b'\'' {
            self.row.piece(b"'");
            self.at = At::Text;
            return 1;
        }
        self.row.end();
        self.end_value();
        0
    }

    fn end_value(&mut self) {
        if self.counts.get(self.seen) == Some(&false) {
            self.row.take_back();
        }
        self.seen += 1;
        self.at = At::Behind;
    }

    fn behind(&mut self, byte: u8, take: &mut impl FnMut(usize, &RowBytes)) -> Result<usize, String> {
        match byte {
            b' ' => {}
            b',' => self.at = At::Value,
            b')' => {
                if let Some(table) = self.table {
                    if self.seen != self.counts.len() {
                        return Err(self.other_columns());
                    }
                    take(table, &self.row);
                }
                self.at = At::Rows;
            }
            other => return Err(format!("a {:?} behind a value", char::from(other))),
        }
        Ok(1)
    }

    fn other_columns(&self) -> String {
        let name = self.table.map_or("", |table| &self.tables[table].table.name);
        format!("a row of table {name} that does not have {} values", self.counts.len())
    }
}

/// The names in backticks, in order.
fn names(head: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(head);
    let mut found = Vec::new();
    let mut rest = &*text;
    while let Some((_, begun)) = rest.split_once('`') {
        let mut name = String::new();
        rest = begun;
        while let Some((part, after)) = rest.split_once('`') {
            name.push_str(part);
            rest = after;
            match after.strip_prefix('`') {
                Some(after) => {
                    name.push('`');
                    rest = after;
                }
                None => break,
            }
        }
        found.push(name);
    }
    found
}

fn unhex(digits: &[u8], row: &mut RowBytes) -> Result<(), String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err("an odd number of hexadecimal digits".to_owned());
    }
    for pair in pairs {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
            return Err("a value that begins with 0x and is not hexadecimal".to_owned());
        };
        row.piece(&[high << 4 | low]);
    }
    Ok(())
}
