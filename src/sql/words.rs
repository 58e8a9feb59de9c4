//! A statement's words in small letters, with the names they may be.

use super::{
    Dialect,
    names::unquoted,
    scanner::Scanner,
    token::{Token, TokenKind},
};

/// A word, a sign, or what stands in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    /// In small letters; `?` for what stands in quotes.
    lower: String,
    /// The name that it may be.
    name: Option<String>,
    /// The text of a string, without its quotes.
    literal: Option<String>,
}

/// A statement's words, taken one after the other. What stands in quotes is never a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    all: Vec<Word>,
    at: usize,
    /// Whether the name that was read last stood behind another and a dot.
    pub was_qualified: bool,
}

impl Words {
    /// At the first word; `None` for a text with comments that are code, which each server reads in its own way.
    pub(super) fn of(dialect: Dialect, sql: &str) -> Option<Self> {
        let is_code_comment = |token: Token| matches!(token.kind, TokenKind::CodeOpen | TokenKind::CodeClose);
        (!Scanner::over(dialect, sql).any(is_code_comment)).then(|| Self::of_newest(dialect, sql))
    }

    /// At the first word, as the newest server reads it: comments that are code are read, whatever version they name.
    #[must_use]
    pub fn of_newest(dialect: Dialect, sql: &str) -> Self {
        let is_blank = |kind| {
            use TokenKind::{CodeClose, CodeOpen, Comment, Whitespace};
            matches!(kind, Whitespace | Comment | CodeOpen | CodeClose)
        };
        let tokens = Scanner::over(dialect, sql).filter(|token| !is_blank(token.kind));
        Self::at_start(tokens.map(|token| word(dialect, token, sql)).collect())
    }

    fn at_start(all: Vec<Word>) -> Self {
        Self { all, at: 0, was_qualified: false }
    }

    /// The word that comes so many words later, in small letters.
    #[must_use]
    pub fn nth(&self, later: usize) -> Option<String> {
        self.all.get(self.at + later).map(|word| word.lower.clone())
    }

    /// Takes the next word.
    pub fn next_word(&mut self) -> Option<String> {
        let next = self.nth(0);
        self.at += usize::from(next.is_some());
        next
    }

    /// Takes the next word or sign if it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        let is_it = self.all.get(self.at).is_some_and(|next| next.lower == word);
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
        let found = self.all[self.at..].iter().position(|next| next.lower == word);
        self.at += found.map_or(0, |length| length + 1);
        found.is_some()
    }

    /// Whether it is `*`, or `t.*`.
    #[must_use]
    pub fn starred(&self) -> bool {
        self.all.last().is_some_and(|last| last.lower == "*")
            && self.all[..self.all.len() - 1].iter().all(|word| word.name.is_some() || word.lower == ".")
    }

    /// The columns whose values an item of a SELECT keeps: of a column alone, under whatever name, and of those within
    /// functions that keep them; none where it is computed. `None` where another function is called, which may make one row
    /// of many.
    #[must_use]
    pub fn columns_kept(&self, keeping: &[&str]) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut is_computed = false;
        for (at, next) in self.all.iter().enumerate() {
            let behind = self.all.get(at + 1).map_or("", |behind| behind.lower.as_str());
            let is_named_here = at > 0 && self.all[at - 1].lower == "as";
            match (&next.name, next.lower.as_str()) {
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
    #[must_use]
    pub fn clause(&mut self) -> Self {
        self.until(&[])
    }

    /// Takes what comes before the next comma, or one of these words, outside parentheses.
    #[must_use]
    pub fn until(&mut self, ends: &[&str]) -> Self {
        let mut depth = 0_usize;
        let rest = &self.all[self.at..];
        let length = rest.iter().position(|word| {
            match word.lower.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && (word.lower == "," || ends.contains(&word.lower.as_str()))
        });
        let all = rest[..length.unwrap_or(rest.len())].to_vec();
        self.at += all.len();
        Self::at_start(all)
    }

    /// Takes all that is left, cut at the commas outside parentheses.
    pub fn clauses(&mut self) -> Vec<Self> {
        let mut clauses = Vec::new();
        while !self.is_at_end() {
            clauses.push(self.clause());
            self.take(",");
        }
        clauses
    }

    /// Takes what stands in the parentheses that open here; `None`, and nothing taken, where none open.
    pub fn group(&mut self) -> Option<Self> {
        let rest = self.all.get(self.at..)?;
        (rest.first()?.lower == "(").then_some(())?;
        let mut depth = 0_usize;
        let close = rest.iter().position(|word| {
            depth += usize::from(word.lower == "(");
            depth -= usize::from(word.lower == ")");
            depth == 0
        })?;
        let inner = rest[1..close].to_vec();
        self.at += close + 1;
        Some(Self::at_start(inner))
    }

    /// Takes the next word if it is one of these, and gives it.
    pub fn take_any(&mut self, words: &[&str]) -> Option<String> {
        let next = self.nth(0).filter(|next| words.contains(&next.as_str()))?;
        self.at += 1;
        Some(next)
    }

    /// Takes the text of a string, without its quotes.
    pub fn literal(&mut self) -> Option<String> {
        let literal = self.all.get(self.at)?.literal.clone()?;
        self.at += 1;
        Some(literal)
    }

    /// Every string that is still to come, without its quotes.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.rest().iter().filter_map(|word| word.literal.as_deref())
    }

    /// Every name that may still come, in small letters.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.rest().iter().filter_map(|word| word.name.as_ref()).map(|name| name.to_lowercase())
    }

    /// Whether these words are still to come, one behind the other.
    #[must_use]
    pub fn has(&self, phrase: &[&str]) -> bool {
        self.rest()
            .windows(phrase.len())
            .any(|found| found.iter().zip(phrase).all(|(word, wanted)| word.lower == *wanted))
    }

    /// Whether these words are still to come, one behind the other, outside parentheses.
    #[must_use]
    pub fn has_outside(&self, phrase: &[&str]) -> bool {
        let mut outside = self.clone();
        outside.all = self.outside();
        outside.at = 0;
        outside.has(phrase)
    }

    /// What is still to come outside parentheses.
    fn outside(&self) -> Vec<Word> {
        let mut depth = 0_usize;
        let mut kept = Vec::new();
        for word in self.rest() {
            depth = depth.saturating_sub(usize::from(word.lower == ")"));
            if depth == 0 {
                kept.push(word.clone());
            }
            depth += usize::from(word.lower == "(");
        }
        kept
    }

    /// Whether the last word is this one.
    #[must_use]
    pub fn ends_with(&self, word: &str) -> bool {
        self.rest().last().is_some_and(|last| last.lower == word)
    }

    /// Takes whatever comes before these words; everything where they do not come.
    #[must_use]
    pub fn up_to(&mut self, phrase: &[&str]) -> Self {
        let is_here = |at: &usize| {
            let found = self.all[*at..].iter().map(|word| word.lower.as_str());
            found.take(phrase.len()).eq(phrase.iter().copied())
        };
        let end = (self.at..self.all.len()).find(is_here).unwrap_or(self.all.len());
        let all = self.all[self.at.min(end)..end].to_vec();
        self.at = end;
        Self::at_start(all)
    }

    /// Takes whatever comes before one of these words outside parentheses; everything where none comes.
    #[must_use]
    pub fn up_to_any_outside(&mut self, words: &[&str]) -> Self {
        let mut depth = 0_usize;
        let rest = self.rest();
        let length = rest.iter().position(|word| {
            depth += usize::from(word.lower == "(");
            depth = depth.saturating_sub(usize::from(word.lower == ")"));
            depth == 0 && words.contains(&word.lower.as_str())
        });
        let all = rest[..length.unwrap_or(rest.len())].to_vec();
        self.at += all.len();
        Self::at_start(all)
    }

    /// What is called like a function: names before a parenthesis, in small letters, but for types of casts.
    #[must_use]
    pub fn called(&self) -> Vec<String> {
        let rest = self.rest();
        let is_call = |at: &usize| {
            let is_type = at.checked_sub(1).is_some_and(|before| ["::", "as"].contains(&rest[before].lower.as_str()));
            rest[at + 1].lower == "(" && rest[*at].name.is_some() && !is_type
        };
        let calls = (0..rest.len().saturating_sub(1)).filter(is_call);
        calls.filter_map(|at| Some(rest[at].name.as_ref()?.to_lowercase())).collect()
    }

    /// What is still to come, in small letters and with one blank between: for a comparison, not for a server.
    #[must_use]
    pub fn told(&self) -> String {
        let told = |word: &Word| match (&word.literal, &word.name) {
            (Some(literal), _) => format!("'{literal}'"),
            (None, Some(name)) if word.lower == "?" => name.clone(),
            _ => word.lower.clone(),
        };
        self.rest().iter().map(told).collect::<Vec<_>>().join(" ")
    }

    fn rest(&self) -> &[Word] {
        &self.all[self.at.min(self.all.len())..]
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at >= self.all.len()
    }

    /// Whether any of these words is still to come.
    #[must_use]
    pub fn has_any(&self, words: &[&str]) -> bool {
        self.rest().iter().any(|word| words.contains(&word.lower.as_str()))
    }

    /// Whether something with a schema before its name is called like a function.
    #[must_use]
    pub fn calls_by_schema(&self) -> bool {
        self.all.windows(3).any(|three| three[0].lower == "." && three[2].lower == "(")
    }
}

fn word(dialect: Dialect, token: Token, sql: &str) -> Word {
    let text = token.text(sql);
    let quoted = |name, literal| Word { lower: "?".to_owned(), name, literal };
    match token.kind {
        TokenKind::Word if dialect == Dialect::Postgres => {
            Word { lower: text.to_ascii_lowercase(), name: Some(text.to_ascii_lowercase()), literal: None }
        }
        TokenKind::Word => Word { lower: text.to_ascii_lowercase(), name: Some(text.to_owned()), literal: None },
        TokenKind::Symbol | TokenKind::Number => Word { lower: text.to_owned(), name: None, literal: None },
        TokenKind::QuotedName => quoted(Some(unquoted(text)), None),
        TokenKind::Text => {
            quoted(None, Some(unquoted(text.trim_start_matches(|c: char| c.is_alphabetic() || c == '_'))))
        }
        _ => quoted(None, None),
    }
}
