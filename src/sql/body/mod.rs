//! Where a `;` does not end a statement.

mod mysql;
mod postgres;
mod sqlite;

use super::{
    Dialect,
    lower::Lower,
    token::{Token, TokenKind},
};

/// What a `;` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Semicolon {
    /// The end of the statement.
    Ends,
    /// Part of the statement's body.
    Inside,
}

/// A body that the text leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Where it was opened, in bytes.
    pub at: usize,
    /// What lacks what, in one sentence.
    pub message: &'static str,
}

/// Follows one statement, token by token.
pub enum Body {
    /// Parentheses and `BEGIN ATOMIC`.
    Postgres(postgres::Body),
    /// The blocks of routines, triggers and events.
    MySql(mysql::Body),
    /// Triggers.
    Sqlite(sqlite::Body),
}

impl Body {
    /// Before the first token of a statement.
    pub fn before(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => Self::Postgres(postgres::Body::default()),
            Dialect::MySql => Self::MySql(mysql::Body::default()),
            Dialect::Sqlite => Self::Sqlite(sqlite::Body::default()),
        }
    }

    /// Takes note of a token of code that is not a `;`.
    pub fn follow(&mut self, token: Token, text: &str) {
        let word = match token.kind {
            TokenKind::Word | TokenKind::Symbol => Lower::of(token.text(text)),
            TokenKind::CodeOpen | TokenKind::CodeClose => return,
            _ => Lower::NONE,
        };
        match self {
            Self::Postgres(body) => body.follow(token.start, word.as_str()),
            Self::MySql(body) => body.follow(token.start, word.as_str()),
            Self::Sqlite(body) => body.follow(token.start, word.as_str()),
        }
    }

    /// Takes note of a `;`, and says what it is.
    pub fn semicolon(&mut self) -> Semicolon {
        match self {
            Self::Postgres(body) => body.semicolon(),
            Self::MySql(body) => body.semicolon(),
            Self::Sqlite(body) => body.semicolon(),
        }
    }

    /// What is open at the end of the text.
    pub fn open(&self) -> Option<Open> {
        match self {
            Self::Postgres(body) => body.open(),
            Self::MySql(body) => body.open(),
            Self::Sqlite(body) => body.open(),
        }
    }
}
