//! Values as JSON, as `docs/EXPORT.md` says.

use std::io::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The largest integer of which every smaller one is a JSON number too, everywhere (RFC 8259, section 6).
const INTEGER_MAX: i128 = 1 << 53;

/// How the text of a column's values is told in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Kind {
    /// A number, if JSON holds it exactly.
    Integer,
    /// A binary floating point number.
    Real,
    /// `true` and `false`, of `t` and `f`.
    Truth,
    /// Bytes.
    Bytes,
    /// Text, and everything else.
    Text,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) enum Cell<'a> {
    Null,
    /// Told as its column's kind wants it.
    Text(&'a [u8]),
    Integer(i64),
    Real(f64),
    Bytes(&'a [u8]),
}

/// Appends a value.
pub(super) fn cell(out: &mut Vec<u8>, kind: Kind, cell: Cell<'_>) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Integer(number) => integer(out, number.into()),
        Cell::Real(number) => real(out, number),
        Cell::Bytes(bytes) => base64(out, bytes),
        Cell::Text(bytes) => match (kind, std::str::from_utf8(bytes)) {
            (Kind::Bytes, _) | (_, Err(_)) => base64(out, bytes),
            (Kind::Truth, Ok("t")) => out.extend_from_slice(b"true"),
            (Kind::Truth, Ok("f")) => out.extend_from_slice(b"false"),
            (Kind::Integer, Ok(words)) => match words.parse() {
                Ok(number) => integer(out, number),
                Err(_) => text(out, words),
            },
            (Kind::Real, Ok(words)) => match words.parse::<f64>() {
                Ok(number) => real(out, number),
                Err(_) => text(out, words),
            },
            (_, Ok(words)) => text(out, words),
        },
    }
}

/// Appends a text in quotes.
pub(super) fn text(out: &mut Vec<u8>, words: &str) {
    // A text is always JSON, and memory does not refuse.
    let _ = serde_json::to_writer(out, words);
}

fn integer(out: &mut Vec<u8>, number: i128) {
    let _ = if number.abs() <= INTEGER_MAX { write!(out, "{number}") } else { write!(out, "\"{number}\"") };
}

/// The shortest digits that are read as the same number again; what JSON has no number for is a text.
fn real(out: &mut Vec<u8>, number: f64) {
    let words = match number {
        _ if number.is_nan() => "\"NaN\"",
        f64::INFINITY => "\"Infinity\"",
        f64::NEG_INFINITY => "\"-Infinity\"",
        finite => {
            // The shortest digits, which is how the JSON writer prints a number.
            let _ = serde_json::to_writer(out, &finite);
            return;
        }
    };
    out.extend_from_slice(words.as_bytes());
}

fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let _ = write!(out, "{{\"$base64\":\"{}\"}}", STANDARD.encode(bytes));
}
