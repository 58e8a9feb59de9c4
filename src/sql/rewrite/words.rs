//! A statement's words, taken one after the other.

use crate::sql::{
    Dialect,
    scanner::Scanner,
    token::{Token, TokenKind},
};

/// A statement's words, taken one after the other.
pub struct Words<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Words<'a> {
    /// At the first word; `None` for a text with comments that are code, which each server reads in its own way.
    pub fn of(sql: &'a str) -> Option<Self> {
        let is_blank = |token: &Token| matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment);
        let tokens: Vec<Token> = Scanner::over(Dialect::MySql, sql).filter(|token| !is_blank(token)).collect();
        let is_code = |token: &Token| matches!(token.kind, TokenKind::CodeOpen | TokenKind::CodeClose);
        (!tokens.iter().any(is_code)).then_some(Self { sql, tokens, at: 0 })
    }

    fn next(&self) -> Option<(TokenKind, &'a str)> {
        self.tokens.get(self.at).map(|token| (token.kind, token.text(self.sql)))
    }

    /// Takes the next word or sign if it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        let is_it = self.next().is_some_and(|(kind, text)| {
            matches!(kind, TokenKind::Word | TokenKind::Symbol) && text.eq_ignore_ascii_case(word)
        });
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes the next word if it is one of these, and tells which.
    pub fn one_of<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        words.iter().find(|word| self.take(word)).copied()
    }

    /// Takes a name, with its database where it has one, as it is written.
    pub fn name(&mut self) -> Option<&'a str> {
        let start = self.tokens.get(self.at)?.start;
        self.part_of_name()?;
        if self.take(".") {
            self.part_of_name()?;
        }
        Some(&self.sql[start..self.tokens[self.at - 1].end])
    }

    fn part_of_name(&mut self) -> Option<()> {
        let (kind, text) = self.next()?;
        let is_name = match kind {
            TokenKind::Word | TokenKind::QuotedName => true,
            TokenKind::Text => text.starts_with('"'), // a name under ANSI_QUOTES, else an error of the server's
            _ => false,
        };
        self.at += usize::from(is_name);
        is_name.then_some(())
    }

    /// Whether any of these words is still to come.
    pub fn has_any(&self, words: &[&str]) -> bool {
        self.tokens[self.at..].iter().any(|token| {
            token.kind == TokenKind::Word && words.iter().any(|word| token.text(self.sql).eq_ignore_ascii_case(word))
        })
    }

    /// What is left, with the blanks before it.
    pub fn rest(&self) -> &'a str {
        let end = self.tokens[..self.at].last().map_or(0, |token| token.end);
        self.sql[end..].trim_end()
    }
}

/// Whether a text is nothing but what may follow the names of a DROP.
pub fn is_drop_option(rest: &str) -> bool {
    let is_option = |word: &str| {
        ["restrict", "cascade", "nowait", "wait"].iter().any(|option| word.eq_ignore_ascii_case(option))
            || word.parse::<u32>().is_ok()
    };
    rest.split_whitespace().all(is_option)
}

/// A name in the servers' own quotes.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The database before a name, as it is written.
pub fn database_of(name: &str) -> Option<&str> {
    let tokens: Vec<Token> = Scanner::over(Dialect::MySql, name).collect();
    let point = tokens.iter().find(|token| token.text(name) == ".")?;
    Some(name[..point.start].trim())
}
