//! Operators and other signs, cut as each server cuts them: `a =-1` and `a = - 1` are the same, `@>-` and `@> -` are not.

use super::{
    Dialect, lexeme,
    quoted::Span,
    token::TokenKind::{self, Meta, Symbol},
};

/// The operators of more than one sign, the longest first (MySQL manual, Operators; `:=` and `->` in all).
const MYSQL: [&str; 12] = ["->>", "<=>", "->", ":=", "<=", ">=", "<>", "!=", "<<", ">>", "&&", "||"];

/// As above for SQLite (tokenize.c of SQLite).
const SQLITE: [&str; 10] = ["->>", "->", "==", "<=", "<>", "<<", ">=", ">>", "!=", "||"];

/// The longest operator of PostgreSQL, in bytes (`NAMEDATALEN` - 1); it bounds how far one is read ahead.
const OPERATOR_BYTES_MAX: usize = 63;

/// The sign or operator at `from`.
pub fn operator(dialect: Dialect, text: &[u8], from: usize) -> (TokenKind, Span) {
    let rest = &text[from..];
    if rest[0] == b'\\' && dialect != Dialect::Sqlite {
        return backslash(dialect, text, from);
    }
    let length = match dialect {
        Dialect::Postgres => postgres(rest),
        Dialect::MySql => longest(&MYSQL, rest),
        Dialect::Sqlite => longest(&SQLITE, rest),
    };
    (Symbol, Span::closed(from + length))
}

/// The command of the client at `from`, but `\N`, which is NULL on MariaDB and MySQL.
fn backslash(dialect: Dialect, text: &[u8], from: usize) -> (TokenKind, Span) {
    if dialect == Dialect::MySql && text[from..].starts_with(b"\\N") {
        return (Symbol, Span::closed(from + 2));
    }
    let length = text[from..].iter().position(|&byte| lexeme::is_blank(dialect, byte) || byte == b';');
    (Meta, Span::closed(length.map_or(text.len(), |length| from + length)))
}

/// The length of the longest operator of `list` that `rest` begins with; 1 without one.
fn longest(list: &[&str], rest: &[u8]) -> usize {
    list.iter().find(|operator| rest.starts_with(operator.as_bytes())).map_or(1, |operator| operator.len())
}

/// The length of PostgreSQL's operator (PostgreSQL manual, Lexical Structure, Operators): a run of operator
/// signs that holds no comment, and ends in `+` or `-` only with a sign of its own kind before.
fn postgres(rest: &[u8]) -> usize {
    if rest.starts_with(b"::") || rest.starts_with(b":=") || rest.starts_with(b"..") {
        return 2;
    }
    let is_sign = |byte: &u8| b"+-*/<>=~!@#%^&|`?".contains(byte);
    let run = rest.iter().take(OPERATOR_BYTES_MAX).take_while(|byte| is_sign(byte)).count();
    let comment = rest[..run].windows(2).position(|pair| matches!(pair, b"--" | b"/*"));
    let mut length = comment.unwrap_or(run).max(1);
    let is_special = rest[..length].iter().any(|byte| b"~!@#%^&|`?".contains(byte));
    while length > 1 && !is_special && matches!(rest[length - 1], b'+' | b'-') {
        length -= 1;
    }
    length
}
