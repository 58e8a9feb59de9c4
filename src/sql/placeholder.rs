//! What stands for the range of keys in a backfill's statement: `> :after`, `<= :upto`, `:range`.

use super::{
    Dialect, SqlError,
    lines::Lines,
    scanner::Scanner,
    token::{Token, TokenKind},
};
use crate::model::backfill::Part;

/// The sign before a placeholder's name.
const SIGN: &str = ":";

/// Cuts a statement at its placeholders. A `:name` that is none of them is a fault, unless a blank is in it (`a[1: n]`).
///
/// # Errors
/// What cannot be a range, with its line within the statement.
pub fn cut(dialect: Dialect, statement: &str) -> Result<Vec<Part>, SqlError> {
    let tokens: Vec<Token> = Scanner::over(dialect, statement).collect();
    let mut cut = Cut { statement, tokens: &tokens, parts: Vec::new(), from: 0 };
    for at in 1..tokens.len() {
        let (sign, word) = (tokens[at - 1], tokens[at]);
        if word.kind == TokenKind::Word && sign.kind == TokenKind::Symbol && sign.text(statement) == SIGN {
            cut.placeholder(at)?;
        }
    }
    cut.text_up_to(statement.len());
    Ok(cut.parts)
}

struct Cut<'a> {
    statement: &'a str,
    tokens: &'a [Token],
    parts: Vec<Part>,
    /// Where the text that is not yet in a part begins.
    from: usize,
}

impl Cut<'_> {
    /// The placeholder whose name is the token `at`.
    fn placeholder(&mut self, at: usize) -> Result<(), SqlError> {
        let (part, start) = match self.text(at) {
            "after" => (Part::After, self.compared(at, ">", "after")?),
            "upto" => (Part::Upto, self.compared(at, "<=", "upto")?),
            "range" => self.range(at),
            other => return Err(self.fault(at, &format!("`:{other}` stands for nothing here"), REMEDY)),
        };
        self.text_up_to(start);
        self.parts.push(part);
        self.from = self.tokens[at].end;
        Ok(())
    }

    /// Where the comparison before a placeholder begins; it is part of it, since the first batch has no lower end.
    fn compared(&self, at: usize, sign: &str, name: &str) -> Result<usize, SqlError> {
        match self.before(at - 1) {
            Some(place) if self.text(place) == sign => Ok(self.tokens[place].start),
            _ => Err(self.fault(at, &format!("`:{name}` must stand behind `{sign}`"), REMEDY)),
        }
    }

    /// `:range`, or `o.:range`, and where it begins.
    fn range(&self, at: usize) -> (Part, usize) {
        let sign = at - 1;
        if let Some(dot) = sign.checked_sub(1).filter(|dot| self.text(*dot) == ".")
            && let Some(name) = dot.checked_sub(1).map(|name| self.tokens[name])
            && matches!(name.kind, TokenKind::Word | TokenKind::QuotedName)
        {
            return (Part::Range(Some(name.text(self.statement).to_owned())), name.start);
        }
        (Part::Range(None), self.tokens[sign].start)
    }

    /// The last token of code before another.
    fn before(&self, at: usize) -> Option<usize> {
        let is_code = |token: &Token| !matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment);
        self.tokens[..at].iter().rposition(is_code)
    }

    fn text(&self, at: usize) -> &str {
        self.tokens[at].text(self.statement)
    }

    fn text_up_to(&mut self, end: usize) {
        if self.from < end {
            self.parts.push(Part::Text(self.statement[self.from..end].to_owned()));
        }
    }

    fn fault(&self, at: usize, message: &str, remedy: &str) -> SqlError {
        SqlError::on(Lines::of(self.statement).at(self.tokens[at].start), message, remedy)
    }
}

/// How the range is written.
const REMEDY: &str = "write the range as `key > :after AND key <= :upto`, or as `:range`";
