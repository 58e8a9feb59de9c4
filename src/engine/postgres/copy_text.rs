//! COPY's text format, taken apart.

use memchr::memchr;

use crate::engine::content::{Class, Column, Kind, RowBytes};

/// Rows out of the pieces in which they come: whole ones as a rule (PostgreSQL manual, "COPY Operations" of the protocol, which
/// does not promise it; `pg_dump` cuts as it likes).
#[derive(Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Gives each row that ends in this piece to `take`, without its line break.
    pub(super) fn of(&mut self, piece: &[u8], mut take: impl FnMut(&[u8])) {
        let mut rest = piece;
        while let Some(end) = memchr(b'\n', rest) {
            if self.begun.is_empty() {
                take(&rest[..end]);
            } else {
                self.begun.extend_from_slice(&rest[..end]);
                take(&self.begun);
                self.begun.clear();
            }
            rest = &rest[end + 1..];
        }
        self.begun.extend_from_slice(rest);
    }
}

/// Reads the values of a row: bytes of `bytea`, and the server's text of everything else.
pub(super) fn values(text: &[u8], columns: &[Column], row: &mut RowBytes) {
    row.clear();
    if columns.is_empty() {
        return;
    }
    let mut kinds = columns.iter().map(|column| column.kind);
    let mut rest = text;
    loop {
        let end = memchr(b'\t', rest).unwrap_or(rest.len());
        let kind = kinds.next().unwrap_or(Kind::Text);
        value(&rest[..end], kind, row);
        match rest.get(end + 1..) {
            Some(after) => rest = after,
            None => return,
        }
    }
}

fn value(text: &[u8], kind: Kind, row: &mut RowBytes) {
    if text == br"\N" {
        return row.null();
    }
    row.begin(Class::Text);
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        row.piece(&rest[..at]);
        let letter = rest.get(at + 1).copied().unwrap_or(b'\\');
        row.piece(&[meant(letter)]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    row.piece(rest);
    if kind == Kind::Bytes
        && let Some(bytes) = row.opened().strip_prefix(br"\x").and_then(unhex)
    {
        row.reopen(&bytes);
    }
    row.end();
}

/// What a letter behind a backslash stands for; the server writes no others (PostgreSQL source, `CopyAttributeOutText`).
fn meant(letter: u8) -> u8 {
    match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        other => other,
    }
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
