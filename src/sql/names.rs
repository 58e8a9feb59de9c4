//! The names in a statement.

use std::collections::HashSet;

use super::{
    Dialect, keyword,
    scanner::Scanner,
    token::{Token, TokenKind},
};

/// The names in a text, unquoted, each once, in order.
pub fn of(dialect: Dialect, text: &str) -> Vec<String> {
    let mut names = Names { dialect, seen: HashSet::new(), list: Vec::new() };
    names.read(text);
    names.list
}

/// How a statement begins that changes nothing but what it names outside parentheses.
const PLAIN_DDL: [&str; 5] = ["CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"];

/// What a schema change is about when it is not about tables alone.
const OTHER_OBJECTS: [&str; 6] = ["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "PACKAGE", "SEQUENCE"];

fn is_plain_ddl(dialect: Dialect, text: &str) -> bool {
    let first = Scanner::over(dialect, text).find(|token| token.kind == TokenKind::Word);
    first.is_some_and(|word| PLAIN_DDL.iter().any(|plain| word.text(text).eq_ignore_ascii_case(plain)))
}

/// Whether a text changes nothing but tables, views and indexes.
pub fn changes_tables_only(dialect: Dialect, text: &str) -> bool {
    let names_other = |word: &str| OTHER_OBJECTS.iter().any(|other| word.eq_ignore_ascii_case(other));
    is_plain_ddl(dialect, text)
        && !Scanner::over(dialect, text).any(|token| token.kind == TokenKind::Word && names_other(token.text(text)))
}

/// The names of what a text may change: those outside parentheses where it begins as schema changes do, else all.
pub fn changed(dialect: Dialect, text: &str) -> Vec<String> {
    if !is_plain_ddl(dialect, text) {
        return of(dialect, text);
    }
    let mut names = Names { dialect, seen: HashSet::new(), list: Vec::new() };
    let mut depth = 0_usize;
    for token in Scanner::over(dialect, text) {
        match token.kind {
            TokenKind::Symbol if token.text(text) == "(" => depth += 1,
            TokenKind::Symbol if token.text(text) == ")" => depth = depth.saturating_sub(1),
            TokenKind::DollarQuoted => names.read_dollar_quoted(token.text(text)),
            _ if depth == 0 => names.add(names.name(token, text)),
            _ => {}
        }
    }
    names.list
}

struct Names {
    dialect: Dialect,
    seen: HashSet<String>,
    list: Vec<String>,
}

impl Names {
    fn read(&mut self, text: &str) {
        for token in Scanner::over(self.dialect, text) {
            match token.kind {
                TokenKind::DollarQuoted => self.read_dollar_quoted(token.text(text)),
                _ => self.add(self.name(token, text)),
            }
        }
    }

    /// The words of a body. It is shorter than what holds it, and tags cannot nest in themselves: the depth is bounded
    /// by reading an inner dollar quote's words only once, as words.
    fn read_dollar_quoted(&mut self, quoted: &str) {
        let fence = quoted[1..].find('$').map_or(quoted.len(), |tag| tag + 2);
        let body = &quoted[fence..];
        for token in Scanner::over(self.dialect, body) {
            self.add(self.name(token, body));
        }
    }

    fn name(&self, token: Token, text: &str) -> Option<String> {
        let text = token.text(text);
        match token.kind {
            TokenKind::Word if keyword::is_reserved(self.dialect, text) => None,
            TokenKind::Word if self.dialect == Dialect::Postgres => Some(text.to_ascii_lowercase()),
            TokenKind::Word => Some(text.to_owned()),
            TokenKind::QuotedName => Some(unquoted(text)),
            TokenKind::Text if self.may_be_name(text) => Some(unquoted(text)),
            _ => None,
        }
    }

    /// Whether the engine may read a string as a name: `ANSI_QUOTES`, and SQLite's leniency.
    fn may_be_name(&self, text: &str) -> bool {
        match self.dialect {
            Dialect::Postgres => false,
            Dialect::MySql => text.starts_with('"'),
            Dialect::Sqlite => text.starts_with('\''),
        }
    }

    fn add(&mut self, name: Option<String>) {
        if let Some(name) = name.filter(|name| !name.is_empty() && !self.seen.contains(name)) {
            self.seen.insert(name.clone());
            self.list.push(name);
        }
    }
}

/// A quoted name without its quotes; a doubled quote is one. The `\0061` of `U&"…"` stays as written.
pub(super) fn unquoted(text: &str) -> String {
    let text = text.strip_prefix("U&").or_else(|| text.strip_prefix("u&")).unwrap_or(text);
    let Some(open) = text.chars().next() else { return String::new() };
    let close = if open == '[' { ']' } else { open };
    let inner = text.strip_prefix(open).unwrap_or(text);
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    match open {
        '[' => inner.to_owned(),
        _ => inner.replace(&format!("{close}{close}"), &close.to_string()),
    }
}
