//! A statement's words in small letters, with the names they may be.

use crate::sql::{
    Dialect,
    names::unquoted,
    scanner::Scanner,
    token::{Token, TokenKind},
};

/// A word, a sign, or what stands in quotes.
#[derive(Clone)]
struct Word {
    /// In small letters; `?` for what stands in quotes.
    word: String,
    /// The name that it may be.
    name: Option<String>,
}

/// A statement's words, taken one after the other.
pub struct Words {
    all: Vec<Word>,
    at: usize,
    /// Whether the name that was read last stood behind another and a dot.
    pub was_qualified: bool,
}

impl Words {
    /// At the first word; `None` for a text with comments that are code, which each server reads in its own way.
    pub fn of(dialect: Dialect, sql: &str) -> Option<Self> {
        let mut all = Vec::new();
        for token in Scanner::over(dialect, sql) {
            match token.kind {
                TokenKind::Whitespace | TokenKind::Comment => {}
                TokenKind::CodeOpen | TokenKind::CodeClose => return None,
                _ => all.push(word(dialect, token, sql)),
            }
        }
        Some(Self { all, at: 0, was_qualified: false })
    }

    /// The word that comes so many words later, in small letters.
    pub fn nth(&self, later: usize) -> Option<String> {
        self.all.get(self.at + later).map(|word| word.word.clone())
    }

    /// Takes the next word.
    pub fn next_word(&mut self) -> Option<String> {
        let next = self.nth(0);
        self.at += usize::from(next.is_some());
        next
    }

    /// Takes the next word or sign if it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        let is_it = self.all.get(self.at).is_some_and(|next| next.word == word);
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes the next words if they are these.
    pub fn take_all(&mut self, words: &[&str]) {
        let are_next = words.iter().enumerate().all(|(later, word)| self.nth(later).as_deref() == Some(word));
        self.at += if are_next { words.len() } else { 0 };
    }

    /// Takes a name; gives it without the schema before it.
    pub fn name(&mut self) -> Option<String> {
        self.was_qualified = false;
        let mut name = self.all.get(self.at)?.name.clone()?;
        self.at += 1;
        while self.take(".") {
            self.was_qualified = true;
            name = self.all.get(self.at)?.name.clone()?;
            self.at += 1;
        }
        Some(name)
    }

    /// Takes what comes before the next comma outside parentheses.
    pub fn clause(&mut self) -> Self {
        let mut depth = 0_usize;
        let rest = &self.all[self.at..];
        let length = rest.iter().position(|word| {
            match word.word.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && word.word == ","
        });
        let all = rest[..length.unwrap_or(rest.len())].to_vec();
        self.at += all.len();
        Self { all, at: 0, was_qualified: false }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.all.len()
    }

    /// Whether any of these words is still to come.
    pub fn has_any(&self, words: &[&str]) -> bool {
        self.all[self.at.min(self.all.len())..].iter().any(|word| words.contains(&word.word.as_str()))
    }

    /// Whether something with a schema before its name is called like a function.
    pub fn calls_by_schema(&self) -> bool {
        self.all.windows(3).any(|three| three[0].word == "." && three[2].word == "(")
    }
}

fn word(dialect: Dialect, token: Token, sql: &str) -> Word {
    let text = token.text(sql);
    match token.kind {
        TokenKind::Word if dialect == Dialect::Postgres => {
            Word { word: text.to_ascii_lowercase(), name: Some(text.to_ascii_lowercase()) }
        }
        TokenKind::Word => Word { word: text.to_ascii_lowercase(), name: Some(text.to_owned()) },
        TokenKind::Symbol => Word { word: text.to_owned(), name: None },
        TokenKind::QuotedName => Word { word: "?".to_owned(), name: Some(unquoted(text)) },
        _ => Word { word: "?".to_owned(), name: None },
    }
}
