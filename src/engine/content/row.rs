//! A row as bytes that no other row is written as.
//!
//! Each value is a byte for its class, its length in eight bytes (little end first), and its bytes; NULL is its class alone.
//! The bytes are the server's own text of a value, in a session whose settings do not depend on the machine; in SQLite, those
//! of its storage class, integers and reals in eight bytes.

use super::Cell;

/// What kind of value it is; the number is what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::engine) enum Class {
    Null = 0,
    Text = 1,
    Integer = 2,
    Real = 3,
    Blob = 4,
}

/// The length in front of a value.
const LENGTH_BYTES: usize = size_of::<u64>();

/// A row, value by value. The memory is kept for the next one.
#[derive(Debug, Default)]
pub(in crate::engine) struct RowBytes {
    bytes: Vec<u8>,
    /// Where the value that is open begins: behind its length.
    open: usize,
    /// Where the last value begins, with its class.
    last: usize,
}

impl RowBytes {
    /// Begins a new row.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// All of them, as they are hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn null(&mut self) {
        self.last = self.bytes.len();
        self.bytes.push(Class::Null as u8);
    }

    pub fn value(&mut self, class: Class, bytes: &[u8]) {
        self.begin(class);
        self.bytes.extend_from_slice(bytes);
        self.end();
    }

    /// Begins a value that comes piece by piece.
    pub fn begin(&mut self, class: Class) {
        self.last = self.bytes.len();
        self.bytes.push(class as u8);
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        self.open = self.bytes.len();
    }

    /// A piece of the value that is open.
    pub fn piece(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What there is of the value that is open.
    pub fn opened(&self) -> &[u8] {
        &self.bytes[self.open..]
    }

    /// Puts other bytes in the place of the value that is open.
    pub fn reopen(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.open);
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends the value that is open.
    pub fn end(&mut self) {
        let length = (self.bytes.len() - self.open) as u64;
        self.bytes[self.open - LENGTH_BYTES..self.open].copy_from_slice(&length.to_le_bytes());
    }

    /// Takes the last value back.
    pub fn take_back(&mut self) {
        self.bytes.truncate(self.last);
    }

    /// The values, as an export takes them.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        let eight = |bytes: &[u8]| bytes.try_into().unwrap_or_default();
        self.iter().map(move |(class, bytes)| match class {
            Class::Null => Cell::Null,
            Class::Text => Cell::Text(bytes),
            Class::Integer => Cell::Integer(i64::from_le_bytes(eight(bytes))),
            Class::Real => Cell::Real(f64::from_le_bytes(eight(bytes))),
            Class::Blob => Cell::Bytes(bytes),
        })
    }

    fn iter(&self) -> impl Iterator<Item = (Class, &[u8])> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (&class, after) = rest.split_first()?;
            let class = match class {
                1 => Class::Text,
                2 => Class::Integer,
                3 => Class::Real,
                4 => Class::Blob,
                _ => {
                    rest = after;
                    return Some((Class::Null, &[][..]));
                }
            };
            let (length, after) = after.split_first_chunk::<LENGTH_BYTES>()?;
            let (value, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
            rest = after;
            Some((class, value))
        })
    }
}
