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

    /// At the first word, with what stands in comments that are code.
    pub fn with_code(dialect: Dialect, sql: &str) -> Self {
        let is_code = |token: &Token| {
            use TokenKind::{CodeClose, CodeOpen, Comment, Whitespace};
            !matches!(token.kind, Whitespace | Comment | CodeOpen | CodeClose)
        };
        let all = Scanner::over(dialect, sql).filter(is_code).map(|token| word(dialect, token, sql)).collect();
        Self { all, at: 0, was_qualified: false }
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

    /// Takes a name; gives it with the last of the names before it, which is that of its schema.
    pub fn full_name(&mut self) -> Option<(Option<String>, String)> {
        let mut names = vec![self.all.get(self.at)?.name.clone()?];
        self.at += 1;
        while self.take(".") {
            names.push(self.all.get(self.at)?.name.clone()?);
            self.at += 1;
        }
        let name = names.pop()?;
        Some((names.pop(), name))
    }

    /// Takes everything up to the next of this word, and that; nothing when there is none.
    pub fn skip_to(&mut self, word: &str) -> bool {
        let found = self.all[self.at..].iter().position(|next| next.word == word);
        self.at += found.map_or(0, |length| length + 1);
        found.is_some()
    }

    /// Whether it is `*`, or `t.*`.
    pub fn starred(&self) -> bool {
        self.all.last().is_some_and(|last| last.word == "*")
            && self.all[..self.all.len() - 1].iter().all(|word| word.name.is_some() || word.word == ".")
    }

    /// The columns whose values an item of a SELECT keeps: of a column alone, under whatever name, and of those within
    /// functions that keep them; none where it is computed. `None` where another function is called, which may make one row
    /// of many.
    pub fn columns_kept(&self, keeping: &[&str]) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut is_computed = false;
        for (at, next) in self.all.iter().enumerate() {
            let behind = self.all.get(at + 1).map_or("", |behind| behind.word.as_str());
            let is_named_here = at > 0 && self.all[at - 1].word == "as";
            match (&next.name, next.word.as_str()) {
                (_, "select" | "distinct" | "over") => return None,
                (_, "case") => is_computed = true,
                (Some(_), word) if behind == "(" => keeping.contains(&word).then_some(())?,
                (Some(name), word) => {
                    let is_column = word != "as" && !is_named_here && behind != ".";
                    names.extend(is_column.then(|| name.clone()));
                }
                (None, "." | "," | "(" | ")" | "?" | "::") => {}
                (None, _) => is_computed = true,
            }
        }
        Some(if is_computed { Vec::new() } else { names })
    }

    /// Takes what comes before the next comma outside parentheses.
    pub fn clause(&mut self) -> Self {
        self.until(&[])
    }

    /// Takes what comes before the next comma, or one of these words, outside parentheses.
    pub fn until(&mut self, ends: &[&str]) -> Self {
        let mut depth = 0_usize;
        let rest = &self.all[self.at..];
        let length = rest.iter().position(|word| {
            match word.word.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && (word.word == "," || ends.contains(&word.word.as_str()))
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
