//! What a statement does to transactions, by its first words.
//!
//! Where the words do not tell, the kind is the one that is safe to assume: on MariaDB and MySQL that a statement
//! commits, elsewhere that it changes the schema within the transaction.
//!
//! Savepoints count as transactions in small, so that a script that manages its own is seen to: `SAVEPOINT` begins,
//! `RELEASE` commits, `ROLLBACK TO` rolls back.

mod mysql;
mod postgres;
mod sqlite;

use crate::model::migration::StatementKind;

use super::{
    Dialect,
    splitter::Piece,
    token::{Token, TokenKind},
};

/// How many tokens are looked at: what decides stands before the columns, conditions and rows.
const TOKENS_MAX: usize = 64;

/// How long they are together, mostly, in bytes.
const LOWER_BYTES: usize = 256;

/// The kind of a statement.
pub fn of(dialect: Dialect, text: &str, piece: &Piece) -> StatementKind {
    let mut lower = String::with_capacity(LOWER_BYTES);
    let mut ends = Vec::with_capacity(TOKENS_MAX);
    for word in piece.tokens.iter().filter_map(|token| word(token, text)).take(TOKENS_MAX) {
        lower.push_str(word);
        ends.push(lower.len());
    }
    lower.make_ascii_lowercase();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let words: Vec<&str> =
        starts.zip(&ends).map(|(start, end)| &lower[start..*end]).skip_while(|word| *word == "(").collect();
    match dialect {
        Dialect::Postgres => postgres::kind(&words),
        Dialect::MySql => mysql::kind(&words),
        Dialect::Sqlite => sqlite::kind(&words),
    }
}

/// A word, or a sign; `?` for a name in quotes or a literal, so that each keeps its place.
fn word<'a>(token: &Token, text: &'a str) -> Option<&'a str> {
    match token.kind {
        TokenKind::Symbol if token.text(text).starts_with("/*") => None,
        TokenKind::Word | TokenKind::Symbol => Some(token.text(text)),
        TokenKind::CodeOpen | TokenKind::CodeClose => None,
        _ => Some("?"),
    }
}

/// Whether `pair` stands in `words`, one behind the other.
fn has_pair(words: &[&str], pair: [&str; 2]) -> bool {
    words.windows(2).any(|found| found == pair)
}
