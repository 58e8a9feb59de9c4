//! Blanks, words and numbers.

use super::{
    Dialect,
    quoted::Span,
    token::TokenKind::{self, Number, Word},
};

const VERTICAL_TAB: u8 = 0x0b;

/// Whether a byte begins blanks or line ends. To SQLite a vertical tab does not, although it may stand among them (SQLite source,
/// `tokenize.c`: `aiClass` for the first byte, `sqlite3Isspace` for those behind it).
pub fn is_blank(dialect: Dialect, byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == VERTICAL_TAB && dialect != Dialect::Sqlite
}

/// Whether a byte may stand inside an unquoted word; every byte of a letter beyond ASCII may.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The blanks at `from`.
pub fn blanks(text: &[u8], from: usize) -> Span {
    let length = text[from..].iter().position(|&byte| !byte.is_ascii_whitespace() && byte != VERTICAL_TAB);
    Span::closed(length.map_or(text.len(), |length| from + length))
}

/// The word or number at `from`, where one begins. A delimiter ends it even in its middle: `END$$`.
pub fn word_or_number(dialect: Dialect, text: &[u8], from: usize, delimiter: &[u8]) -> Option<(TokenKind, Span)> {
    let first = text[from];
    if first.is_ascii_digit() {
        return Some(number(dialect, text, from, delimiter));
    }
    let parameter = first == b'$' && dialect == Dialect::Postgres;
    if !is_word(first) || (parameter && !text.get(from + 1).is_some_and(u8::is_ascii_digit)) {
        return None;
    }
    let (kind, end) = if parameter {
        (TokenKind::Symbol, digits_end(dialect, text, from + 1, delimiter))
    } else {
        (Word, run_end(text, from + 1, delimiter))
    };
    Some((kind, Span::closed(end)))
}

/// Where the run of word bytes at `from` ends, or the delimiter begins.
fn run_end(text: &[u8], from: usize, delimiter: &[u8]) -> usize {
    let inside = delimiter.first().is_some_and(|&byte| is_word(byte));
    let ends = |at: &usize| !is_word(text[*at]) || (inside && text[*at..].starts_with(delimiter));
    (from..text.len()).find(ends).unwrap_or(text.len())
}

/// Where the run that begins with digits ends; on PostgreSQL a dollar sign behind them is no part of it, but may open a quote.
fn digits_end(dialect: Dialect, text: &[u8], from: usize, delimiter: &[u8]) -> usize {
    let end = run_end(text, from, delimiter);
    let digits = text[from..end].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    let is_dollar = dialect == Dialect::Postgres && text.get(from + digits) == Some(&b'$');
    if is_dollar { from + digits } else { end }
}

/// The number at `from`; on MariaDB and MySQL a name may begin with a digit.
fn number(dialect: Dialect, text: &[u8], from: usize, delimiter: &[u8]) -> (TokenKind, Span) {
    let mut end = digits_end(dialect, text, from, delimiter);
    let grouped = dialect != Dialect::MySql;
    let whole = text[from..end].iter().all(|&byte| byte.is_ascii_digit() || (grouped && byte == b'_'));
    if whole && text.get(end) == Some(&b'.') && text.get(end + 1) != Some(&b'.') {
        end = digits_end(dialect, text, end + 1, delimiter);
    }
    if has_open_exponent(&text[from..end]) && matches!(text.get(end..), Some([b'+' | b'-', b'0'..=b'9', ..])) {
        end = digits_end(dialect, text, end + 1, delimiter);
    }
    let named = dialect == Dialect::MySql && !whole && !is_number(&text[from..end]);
    (if named { Word } else { Number }, Span::closed(end))
}

/// Whether digits end in an `e` that waits for its sign.
fn has_open_exponent(run: &[u8]) -> bool {
    run.split_last().is_some_and(|(last, digits)| {
        matches!(last, b'e' | b'E') && digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
    })
}

/// Whether a run that begins with a digit is a number and not a name: `0xFF`, `0b1`, `1e3`.
fn is_number(run: &[u8]) -> bool {
    match run {
        [b'0', b'x', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        [b'0', b'b', digits @ ..] => digits.iter().all(|byte| matches!(byte, b'0' | b'1')),
        _ => run
            .iter()
            .filter(|byte| !byte.is_ascii_digit())
            .all(|byte| matches!(byte, b'e' | b'E' | b'+' | b'-' | b'.')),
    }
}
