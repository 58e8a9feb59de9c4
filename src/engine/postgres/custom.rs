//! An archive in `pg_dump`'s custom format, read while it passes.
//!
//! A head and a table of contents stand first; behind them comes a block for each table that has rows to dump, which is COPY's
//! text in chunks (PostgreSQL source, `pg_backup_archiver.c`: `ReadHead`, `ReadToc`; `pg_backup_custom.c`: `_StartData`,
//! `_CustomWriteFunc`, `_EndBlobs`). A format that is not known here tells nothing, and the rows are read from the server then.

use std::collections::BTreeMap;

use super::copy_text::Lines;

const MAGIC: &[u8] = b"PGDMP";
/// The formats of PostgreSQL 13 to 18: 1.14, 1.15 and 1.16.
const MAJOR: u8 = 1;
const MINORS: std::ops::RangeInclusive<u8> = 14..=16;
/// The line behind the rows; no row is written so (PostgreSQL manual, "COPY", "Text Format").
const END_OF_ROWS: &[u8] = br"\.";

/// From here on a byte tells how it is compressed; before, a number.
const NAMED_COMPRESSION_SINCE: u8 = 15;
/// From here on an entry tells its relation's kind.
const RELATION_KIND_SINCE: u8 = 16;
/// The format "custom".
const CUSTOM: u8 = 1;
const NOT_COMPRESSED: i64 = 0;
/// The numbers of the moment at which it was made.
const CREATED: usize = 7;

/// An entry holds a function's or a view's text; one that is larger than this is not waited for.
const ENTRY_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// The kind of an entry that has a table's rows for a block.
const ROWS_KIND: &[u8] = b"TABLE DATA";

/// The kinds of blocks.
const ROWS: u8 = 1;
const LARGE_OBJECTS: u8 = 3;

/// What is expected of a table's block.
pub(super) struct Expected {
    /// The table's object identifier, in digits.
    pub oid: String,
    /// The statement that takes the block in.
    pub copy: String,
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    Contents {
        left: i64,
    },
    /// Before a block, or at the end.
    Block,
    /// Before a chunk's length.
    Length(Of),
    Chunk {
        of: Of,
        left: usize,
    },
    /// Before a large object's identifier.
    Object,
    /// Nothing more is told.
    Unknown,
}

/// Whose chunks they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Of the table with this number.
    Table(usize),
    /// Of a table that nobody asks for.
    Other,
    /// Of a large object.
    Object,
}

/// The reader.
pub(super) struct Custom {
    expected: Vec<Expected>,
    at: At,
    /// The begin of what does not end in its piece.
    held: Vec<u8>,
    layout: Layout,
    /// The tables by the numbers of their blocks.
    blocks: BTreeMap<i64, usize>,
    lines: Lines,
    /// The line was seen that ends the block's rows.
    is_past_rows: bool,
    whole: Vec<bool>,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    minor: u8,
    number_bytes: usize,
    offset_bytes: usize,
}

impl Custom {
    pub(super) fn of(expected: Vec<Expected>) -> Self {
        Self {
            whole: vec![false; expected.len()],
            expected,
            at: At::Head,
            held: Vec::new(),
            layout: Layout::default(),
            blocks: BTreeMap::new(),
            lines: Lines::default(),
            is_past_rows: false,
        }
    }

    /// Takes in a piece of the archive; gives each row that ends in it to `take`, with the number of its table.
    ///
    /// # Errors
    /// In words, when blocks do not stand as the format has them.
    pub(super) fn piece(&mut self, piece: &[u8], mut take: impl FnMut(usize, &[u8])) -> Result<(), String> {
        let mut rest = piece;
        while !rest.is_empty() {
            match self.at {
                At::Head => self.head(&mut rest),
                At::Contents { left } => self.entry(&mut rest, left),
                At::Block => self.block(&mut rest)?,
                At::Length(of) => self.length(&mut rest, of)?,
                At::Chunk { of, left } => self.chunk(&mut rest, of, left, &mut take),
                At::Object => {
                    if let Some(oid) = self.number(&mut rest) {
                        self.at = if oid == 0 { At::Block } else { At::Length(Of::Object) };
                    }
                }
                At::Unknown => return Ok(()),
            }
        }
        Ok(())
    }

    /// Which tables were read from their first row to their last, once the archive has ended.
    pub(super) fn end(self) -> Result<Vec<bool>, String> {
        match self.at {
            At::Block if self.held.is_empty() => Ok(self.whole),
            At::Block | At::Length(_) | At::Chunk { .. } | At::Object => Err("an end within a block".to_owned()),
            At::Head | At::Contents { .. } | At::Unknown => Ok(vec![false; self.whole.len()]),
        }
    }

    fn head(&mut self, rest: &mut &[u8]) {
        let read = self.read(rest, |words| {
            let known = words.bytes(MAGIC.len())? == MAGIC && words.byte()? == MAJOR;
            words.layout.minor = words.byte()?;
            if !known || !MINORS.contains(&words.layout.minor) {
                return Some(None);
            }
            let _revision = words.byte()?;
            words.layout.number_bytes = words.byte()?.into();
            words.layout.offset_bytes = words.byte()?.into();
            let is_custom = words.byte()? == CUSTOM && words.layout.number_bytes <= size_of::<u32>();
            let named = words.layout.minor >= NAMED_COMPRESSION_SINCE;
            let compression = if named { words.byte()?.into() } else { words.number()? };
            for _ in 0..CREATED {
                words.number()?;
            }
            let (_database, _server, _program) = (words.text()?, words.text()?, words.text()?);
            let entries = words.number()?;
            Some((is_custom && compression == NOT_COMPRESSED).then_some((words.layout, entries)))
        });
        match read {
            Some(Some((layout, entries))) => {
                self.layout = layout;
                self.at = if entries > 0 { At::Contents { left: entries } } else { At::Block };
            }
            Some(None) => self.give_up(),
            None => {}
        }
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime")]
    fn entry(&mut self, rest: &mut &[u8], left: i64) {
        let Some(Entry { number, oid, is_rows, copy }) = self.read(rest, |words| words.entry()) else {
            if self.held.len() > ENTRY_BYTES_MAX {
                self.give_up();
            }
            return;
        };
        if is_rows {
            // With other columns or another spelling it is not what would be read from the server.
            let is_it = |table: &Expected| table.oid.as_bytes() == oid && table.copy.as_bytes() == copy;
            let table = self.expected.iter().position(is_it);
            self.blocks.extend(table.map(|table| (number, table)));
        }
        self.at = if left > 1 { At::Contents { left: left - 1 } } else { At::Block };
    }

    fn give_up(&mut self) {
        self.held = Vec::new();
        self.at = At::Unknown;
    }

    fn block(&mut self, rest: &mut &[u8]) -> Result<(), String> {
        let Some((kind, number)) = self.read(rest, |words| Some((words.byte()?, words.number()?))) else {
            return Ok(());
        };
        self.at = match kind {
            ROWS => {
                self.is_past_rows = false;
                At::Length(self.blocks.get(&number).map_or(Of::Other, |table| Of::Table(*table)))
            }
            LARGE_OBJECTS => At::Object,
            other => return Err(format!("a block of kind {other}")),
        };
        Ok(())
    }

    fn length(&mut self, rest: &mut &[u8], of: Of) -> Result<(), String> {
        let Some(length) = self.number(rest) else { return Ok(()) };
        let left = usize::try_from(length).map_err(|_| "a chunk of less than nothing".to_owned())?;
        self.at = match of {
            _ if left > 0 => At::Chunk { of, left },
            Of::Object => At::Object,
            Of::Other => At::Block,
            Of::Table(_) if !self.is_past_rows => return Err("rows without their end".to_owned()),
            Of::Table(table) => {
                self.whole[table] = true;
                At::Block
            }
        };
        Ok(())
    }

    fn chunk(&mut self, rest: &mut &[u8], of: Of, left: usize, take: &mut impl FnMut(usize, &[u8])) {
        let (chunk, after) = rest.split_at(left.min(rest.len()));
        if let Of::Table(table) = of {
            let is_past_rows = &mut self.is_past_rows;
            self.lines.of(chunk, |line| {
                *is_past_rows |= line == END_OF_ROWS;
                if !*is_past_rows {
                    take(table, line);
                }
            });
        }
        *rest = after;
        self.at = if chunk.len() < left { At::Chunk { of, left: left - chunk.len() } } else { At::Length(of) };
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime")]
    fn number(&mut self, rest: &mut &[u8]) -> Option<i64> {
        self.read(rest, |words| words.number())
    }

    /// Reads something from the front of `rest`; what does not end in it is held until the next piece.
    fn read<T>(&mut self, rest: &mut &[u8], what: impl FnOnce(&mut Words<'_>) -> Option<T>) -> Option<T> {
        let held = self.held.len();
        if held > 0 {
            self.held.extend_from_slice(rest);
        }
        let mut words = Words { rest: if held > 0 { &self.held } else { rest }, layout: self.layout };
        let found = what(&mut words);
        let left = words.rest.len();
        if found.is_some() {
            *rest = &rest[rest.len() - left..];
            self.held.clear();
        } else {
            if held == 0 {
                self.held.extend_from_slice(rest);
            }
            *rest = &[];
        }
        found
    }
}

/// What an entry of the contents says of a block.
struct Entry {
    number: i64,
    is_rows: bool,
    oid: Vec<u8>,
    copy: Vec<u8>,
}

/// Bytes in the format's words; `None` where they end too early.
struct Words<'a> {
    rest: &'a [u8],
    layout: Layout,
}

impl<'a> Words<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    /// The sign's byte, and the number's, little end first.
    fn number(&mut self) -> Option<i64> {
        let is_negative = self.byte()? != 0;
        let bytes = self.bytes(self.layout.number_bytes)?;
        let number = bytes.iter().rev().fold(0, |number, byte| number << u8::BITS | i64::from(*byte));
        Some(if is_negative { -number } else { number })
    }

    /// Its length, and a text; nothing where the length is -1, which stands for none.
    fn text(&mut self) -> Option<&'a [u8]> {
        match usize::try_from(self.number()?) {
            Ok(length) => self.bytes(length),
            Err(_) => Some(&[]),
        }
    }

    fn entry(&mut self) -> Option<Entry> {
        let (number, _has_data, _catalog) = (self.number()?, self.number()?, self.text()?);
        let (oid, _name, kind, _section) = (self.text()?, self.text()?, self.text()?, self.number()?);
        let (_definition, _removal, copy) = (self.text()?, self.text()?, self.text()?);
        let (_schema, _tablespace, _access_method) = (self.text()?, self.text()?, self.text()?);
        if self.layout.minor >= RELATION_KIND_SINCE {
            self.number()?;
        }
        let (_owner, _with_oids) = (self.text()?, self.text()?);
        while !self.text()?.is_empty() {} // What it depends on.
        let _offset = self.bytes(1 + self.layout.offset_bytes)?;
        Some(Entry { number, is_rows: kind == ROWS_KIND, oid: oid.to_vec(), copy: copy.to_vec() })
    }
}
