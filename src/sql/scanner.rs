//! Text into tokens.

use super::{
    Dialect, lexeme, operator,
    quoted::{self, Span},
    token::{Token, TokenKind},
};

/// What ends a statement where nothing else was said.
const SEMICOLON: &str = ";";

/// The byte order mark that some editors put at the start of a file.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a text as tokens, one after the other; every byte belongs to exactly one.
pub struct Scanner<'a> {
    dialect: Dialect,
    text: &'a str,
    at: usize,
    delimiter: &'a str,
    /// How many `/*!` are open.
    code_comments: usize,
    /// Whether the last token of code was a string with backslash escapes: PostgreSQL reads a string on the
    /// next line as its continuation, with the same escapes (PostgreSQL manual, String Constants).
    escaping: bool,
}

impl<'a> Scanner<'a> {
    /// At the start of a text, behind its byte order mark.
    pub fn over(dialect: Dialect, text: &'a str) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self { dialect, text, at, delimiter: SEMICOLON, code_comments: 0, escaping: false }
    }

    /// One that reads `self`'s text from where it is up to `end`, with the same delimiter.
    pub fn up_to(&self, end: usize) -> Self {
        Self { text: &self.text[..end], code_comments: 0, escaping: false, ..*self }
    }

    /// Goes on at another place.
    pub fn jump(&mut self, to: usize) {
        self.at = to.min(self.text.len());
        self.escaping = false;
    }

    /// What is left of the line, without its end; the next token begins behind it.
    pub fn take_line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let line = rest.split('\n').next().unwrap_or(rest);
        self.at += line.len();
        line
    }

    /// What ends a statement.
    pub fn delimiter(&self) -> &'a str {
        self.delimiter
    }

    /// Whether the delimiter is the `;` that bodies contain as well.
    pub fn delimiter_is_semicolon(&self) -> bool {
        self.delimiter == SEMICOLON
    }

    /// Sets what ends a statement (`DELIMITER`).
    pub fn set_delimiter(&mut self, delimiter: &'a str) {
        self.delimiter = delimiter;
    }

    /// Whether what comes next stands in a `/*! … */`.
    pub fn in_code_comment(&self) -> bool {
        self.code_comments > 0
    }

    /// What begins at the current place, and where it ends.
    fn lexeme(&mut self, rest: &[u8]) -> (TokenKind, Span) {
        let (text, from) = (self.text.as_bytes(), self.at);
        if lexeme::is_blank(self.dialect, rest[0]) {
            return (TokenKind::Whitespace, lexeme::blanks(text, from));
        }
        if rest.starts_with(self.delimiter.as_bytes()) {
            return (TokenKind::Delimiter, Span::closed(from + self.delimiter.len()));
        }
        if self.code_comments > 0 && rest.starts_with(b"*/") {
            self.code_comments -= 1;
            return (TokenKind::CodeClose, Span::closed(from + 2));
        }
        if let Some(end) = quoted::code_comment(self.dialect, text, from) {
            self.code_comments += 1;
            return (TokenKind::CodeOpen, Span::closed(end));
        }
        if let Some(found) = quoted::comment(self.dialect, text, from) {
            return found;
        }
        if let Some(found) = quoted::quoted(self.dialect, text, from, self.escaping) {
            return found;
        }
        if let Some(found) = lexeme::word_or_number(self.dialect, text, from, self.delimiter.as_bytes()) {
            return found;
        }
        operator::operator(self.dialect, text, from)
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).filter(|rest| !rest.is_empty())?;
        let (kind, span) = self.lexeme(rest);
        match kind {
            TokenKind::Whitespace | TokenKind::Comment => {}
            TokenKind::Text => {
                self.escaping = quoted::has_escape_prefix(rest) || (self.escaping && rest[0] == b'\'');
            }
            _ => self.escaping = false,
        }
        self.at = span.end;
        Some(Token { kind, start, end: span.end, closed: span.closed })
    }
}
