//! What has an opening and a closing: quotes and comments.

use memchr::{memchr, memchr2, memmem};

use super::{
    Dialect, lexeme,
    token::TokenKind::{self, Comment, DollarQuoted, QuotedName, Symbol, Text},
};

/// The most digits a version in `/*!` has (six on MariaDB 10 and later, and on MySQL 8.0.34 and later).
const VERSION_DIGITS_MAX: usize = 6;

/// A version that no server has: `mariadb-dump` begins its files with `/*M!999999\- enable the sandbox mode */`, which
/// only its client reads (MariaDB manual, mariadb-dump).
const VERSION_OF_NO_SERVER: &[u8] = b"999999";

/// Where a token ends.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The byte behind it.
    pub end: usize,
    /// Whether it is whole.
    pub closed: bool,
}

impl Span {
    /// Of a token that is whole.
    pub fn closed(end: usize) -> Self {
        Self { end, closed: true }
    }

    /// Of a token that the text leaves open.
    fn open(text: &[u8]) -> Self {
        Self { end: text.len(), closed: false }
    }
}

/// The end of `/*!50003` or `/*M!100100`, where one begins: code for some servers (MariaDB manual, Comment Syntax).
pub fn code_comment(dialect: Dialect, text: &[u8], from: usize) -> Option<usize> {
    let rest = &text[from..];
    let opening = match dialect {
        Dialect::MySql if rest.starts_with(b"/*!") => 3,
        Dialect::MySql if rest.starts_with(b"/*M!") => 4,
        _ => return None,
    };
    let version = &rest[opening..];
    let digits = version.iter().take(VERSION_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    (!version.starts_with(VERSION_OF_NO_SERVER)).then_some(from + opening + digits)
}

/// The comment that begins at `from`, where one does. An optimizer hint of MySQL, which can set variables, counts as code.
pub fn comment(dialect: Dialect, text: &[u8], from: usize) -> Option<(TokenKind, Span)> {
    let rest = &text[from..];
    if rest.starts_with(b"/*") {
        let kind = if dialect == Dialect::MySql && rest.starts_with(b"/*+") { Symbol } else { Comment };
        return Some((kind, block_comment(dialect, text, from)));
    }
    let line = match dialect {
        Dialect::MySql => match rest {
            [b'#', ..] | [b'-', b'-'] => true,
            [b'-', b'-', third, ..] => *third == b' ' || third.is_ascii_control(),
            _ => false,
        },
        Dialect::Postgres | Dialect::Sqlite => rest.starts_with(b"--"),
    };
    line.then(|| (Comment, Span::closed(line_end(dialect, text, from))))
}

/// Where a comment to the end of the line ends; for PostgreSQL's own lexer a lone carriage return ends a line too.
fn line_end(dialect: Dialect, text: &[u8], from: usize) -> usize {
    let end = match dialect {
        Dialect::Postgres => memchr2(b'\n', b'\r', &text[from..]),
        Dialect::MySql | Dialect::Sqlite => memchr(b'\n', &text[from..]),
    };
    end.map_or(text.len(), |length| from + length)
}

/// Where the comment opened at `from` ends; PostgreSQL alone lets them nest.
fn block_comment(dialect: Dialect, text: &[u8], from: usize) -> Span {
    let mut at = from + 2;
    if dialect != Dialect::Postgres {
        return memmem::find(&text[at..], b"*/").map_or(Span::open(text), |length| Span::closed(at + length + 2));
    }
    let mut depth = 1_usize;
    while let Some(length) = memchr2(b'*', b'/', &text[at..]) {
        at += length;
        match text.get(at..at + 2) {
            Some(b"*/") => depth -= 1,
            Some(b"/*") => depth += 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Span::closed(at);
        }
    }
    Span::open(text)
}

/// The string or quoted name that begins at `from`, where one does; `escaping` if it goes on with an `E'…'`.
pub fn quoted(dialect: Dialect, text: &[u8], from: usize, escaping: bool) -> Option<(TokenKind, Span)> {
    let rest = &text[from..];
    let prefix = prefix_length(dialect, rest);
    let (quote, behind) = (*rest.get(prefix)?, from + prefix + 1);
    match (dialect, quote) {
        (Dialect::Postgres, b'\'') => {
            Some((Text, until(text, behind, quote, has_escape_prefix(rest) || (escaping && prefix == 0))))
        }
        (Dialect::MySql, b'\'' | b'"') => Some((Text, until(text, behind, quote, true))),
        (Dialect::Sqlite, b'\'') => Some((Text, until(text, behind, quote, false))),
        (Dialect::Postgres | Dialect::Sqlite, b'"') | (Dialect::MySql | Dialect::Sqlite, b'`') => {
            Some((QuotedName, until(text, behind, quote, false)))
        }
        (Dialect::Sqlite, b'[') => {
            let end = memchr(b']', &text[behind..]);
            Some((QuotedName, end.map_or(Span::open(text), |length| Span::closed(behind + length + 1))))
        }
        (Dialect::Postgres, b'$') => dollar_quoted(text, from).map(|span| (DollarQuoted, span)),
        _ => None,
    }
}

/// Whether a string allows backslash escapes by its prefix (PostgreSQL).
pub fn has_escape_prefix(rest: &[u8]) -> bool {
    matches!(rest, [b'e' | b'E', b'\'', ..])
}

/// How many bytes of prefix a quote has here: `x'00'`, `E'\n'`, `U&"d\0061ta"`.
fn prefix_length(dialect: Dialect, rest: &[u8]) -> usize {
    match (dialect, rest) {
        (Dialect::Postgres, [b'u' | b'U', b'&', b'\'' | b'"', ..]) => 2,
        (Dialect::Postgres, [b'e' | b'E' | b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'', ..])
        | (Dialect::MySql, [b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'', ..])
        | (Dialect::Sqlite, [b'x' | b'X', b'\'', ..]) => 1,
        _ => 0,
    }
}

/// The end of what is quoted from `at` on: the quote, but not a doubled one, nor one behind a backslash where those escape.
fn until(text: &[u8], mut at: usize, quote: u8, backslash: bool) -> Span {
    let other = if backslash { b'\\' } else { quote };
    while let Some(length) = memchr2(quote, other, &text[at..]) {
        at += length;
        if text[at] == quote && text.get(at + 1) != Some(&quote) {
            return Span::closed(at + 1);
        }
        at = (at + 2).min(text.len());
    }
    Span::open(text)
}

/// The string between `$tag$` and `$tag$`, where one begins; `$1` does not.
fn dollar_quoted(text: &[u8], from: usize) -> Option<Span> {
    let inner = from + 1;
    let length = text[inner..].iter().position(|&byte| !lexeme::is_word(byte) || byte == b'$')?;
    let tag = &text[inner..inner + length];
    if text[inner + length] != b'$' || tag.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (fence, behind) = (&text[from..=inner + length], inner + length + 1);
    let close = memmem::find(&text[behind..], fence);
    Some(close.map_or(Span::open(text), |length| Span::closed(behind + length + fence.len())))
}
