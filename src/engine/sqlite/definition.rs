//! What only the CREATE text tells: checks, collations, expressions, deferral. SQLite keeps the text as it was written, and
//! ALTER TABLE edits it, so that it is read as tokens: spacing, comments, letter case and quotes make no difference.

use std::collections::BTreeMap;

/// What stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A keyword or an unquoted name, in lower case; a number.
    Word(String),
    /// A quoted name, without its quotes: never a keyword.
    Name(String),
    /// A string, with its quotes.
    Text(String),
    /// Anything else.
    Sign(char),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    /// How it reads in canonical words. RENAME puts quotes round names that had none, hence they are left out here.
    fn words(&self) -> String {
        match self {
            Self::Word(text) | Self::Name(text) | Self::Text(text) => text.clone(),
            Self::Sign(sign) => sign.to_string(),
        }
    }
}

/// What the pragmas do not tell about a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    /// By the column's name in lower case.
    pub columns: BTreeMap<String, String>,
    /// By name, or by what they say.
    pub constraints: BTreeMap<String, String>,
    /// Whether row numbers are never used twice (SQLite manual, "SQLite Autoincrement").
    pub autoincrement: bool,
}

/// A text in canonical words.
pub(super) fn canonical(sql: &str) -> String {
    join(&tokens(sql))
}

/// The text from its first parenthesis on: the columns and the condition of an index.
pub(super) fn from_parenthesis(sql: &str) -> String {
    let tokens = tokens(sql);
    let start = tokens.iter().position(|token| *token == Token::Sign('(')).unwrap_or_default();
    join(&tokens[start..])
}

/// The first word of a statement, in lower case, behind white space and comments.
pub(super) fn first_word(sql: &str) -> String {
    let mut rest = sql;
    while let Some((token, after)) = next(rest) {
        match token {
            Some(Token::Word(word)) => return word,
            Some(_) => break,
            None => rest = after,
        }
    }
    String::new()
}

/// Whether a statement has no command: white space, comments and semicolons only.
pub(super) fn is_blank(sql: &str) -> bool {
    let mut rest = sql;
    while let Some((token, after)) = next(rest) {
        match token {
            None | Some(Token::Sign(';')) => rest = after,
            Some(_) => return false,
        }
    }
    true
}

/// Reads the text of a CREATE TABLE.
pub(super) fn hidden(sql: &str) -> Hidden {
    let tokens = tokens(sql);
    let mut hidden =
        Hidden { autoincrement: tokens.iter().any(|token| token.is("autoincrement")), ..Hidden::default() };
    for item in items(&tokens) {
        read_item(item, &mut hidden);
    }
    hidden
}

/// The parts between the outermost parentheses, cut at their commas.
fn items(tokens: &[Token]) -> Vec<&[Token]> {
    let Some(open) = tokens.iter().position(|token| *token == Token::Sign('(')) else { return Vec::new() };
    let close = end_of_group(tokens, open);
    let body = &tokens[open + 1..close];
    let (mut items, mut start, mut at) = (Vec::new(), 0, 0);
    while at < body.len() {
        match body[at] {
            Token::Sign('(') => at = end_of_group(body, at),
            Token::Sign(',') => {
                items.push(&body[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    items.push(&body[start.min(body.len())..]);
    items
}

/// Where the group that opens at `open` closes; the end of the tokens when it does not.
fn end_of_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') if depth == 1 => return at,
            Token::Sign(')') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Reads a column, or a constraint of the table.
fn read_item(item: &[Token], hidden: &mut Hidden) {
    let of_table = ["constraint", "primary", "unique", "check", "foreign"]
        .iter()
        .any(|word| item.first().is_some_and(|t| t.is(word)));
    let Some(first) = item.first() else { return };
    let mut extra = Vec::new();
    let mut name = None;
    let mut at = usize::from(!of_table);
    while at < item.len() {
        let end = if item[at] == Token::Sign('(') { end_of_group(item, at) } else { at };
        let rest = &item[at..];
        if rest[0].is("constraint") {
            name = rest.get(1).map(Token::words);
        } else if rest[0].is("check") {
            let words = group(rest);
            hidden
                .constraints
                .insert(name.take().unwrap_or_else(|| format!("check {words}")), format!("check {words}"));
        } else if rest[0].is("as") {
            extra.push(format!("generated as {}", group(rest)));
        } else if rest[0].is("collate") {
            extra.push(format!("collate {}", rest.get(1).map(Token::words).unwrap_or_default()));
        } else if starts(rest, &["on", "conflict"]) {
            extra.push(format!("on conflict {}", rest.get(2).map(Token::words).unwrap_or_default()));
        } else if starts(rest, &["initially", "deferred"]) {
            let columns = if of_table { group(item) } else { format!("( {} )", first.words()) };
            hidden.constraints.insert(format!("foreign key {columns}"), "deferrable initially deferred".to_owned());
        }
        at = end + 1;
    }
    if of_table && !extra.is_empty() {
        hidden.constraints.insert(join(item), extra.join(" "));
    } else if !extra.is_empty() {
        hidden.columns.insert(first.words().to_lowercase(), extra.join(" "));
    }
}

fn starts(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.is(word))
}

/// The first group in parentheses.
fn group(tokens: &[Token]) -> String {
    let Some(open) = tokens.iter().position(|token| *token == Token::Sign('(')) else { return String::new() };
    let close = end_of_group(tokens, open).min(tokens.len() - 1);
    join(&tokens[open..=close])
}

fn join(tokens: &[Token]) -> String {
    tokens.iter().map(Token::words).collect::<Vec<_>>().join(" ")
}

fn tokens(sql: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), sql);
    while let Some((token, after)) = next(rest) {
        tokens.extend(token);
        rest = after;
    }
    tokens
}

/// The next token, or `None` in its place for white space and comments, and what follows it.
fn next(sql: &str) -> Option<(Option<Token>, &str)> {
    let first = sql.chars().next()?;
    if let Some(comment) = sql.strip_prefix("--") {
        return Some((None, comment.find('\n').map_or("", |end| &comment[end..])));
    }
    if let Some(comment) = sql.strip_prefix("/*") {
        return Some((None, comment.find("*/").map_or("", |end| &comment[end + 2..])));
    }
    Some(match first {
        '\'' => {
            let (_, rest) = quoted(sql, '\'');
            (Some(Token::Text(sql[..sql.len() - rest.len()].to_owned())), rest)
        }
        '"' | '`' | '[' => {
            let (name, rest) = quoted(sql, if first == '[' { ']' } else { first });
            (Some(Token::Name(if is_plain(&name) { name.to_lowercase() } else { format!("\"{name}\"") })), rest)
        }
        _ if is_word(first) => {
            let end = sql.find(|c| !(is_word(c) || c == '.' && first.is_ascii_digit())).unwrap_or(sql.len());
            (Some(Token::Word(sql[..end].to_lowercase())), &sql[end..])
        }
        _ if first.is_whitespace() => (None, sql.trim_start()),
        _ => (Some(Token::Sign(first)), &sql[first.len_utf8()..]),
    })
}

/// What stands between two quotes, a doubled one counted as one of the text, and what follows.
fn quoted(sql: &str, close: char) -> (String, &str) {
    let mut text = String::new();
    let mut letters = sql.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != close {
            text.push(letter);
        } else if close != ']' && letters.next_if(|(_, next)| *next == close).is_some() {
            text.push(close);
        } else {
            return (text, &sql[at + letter.len_utf8()..]);
        }
    }
    (text, "")
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$' || !letter.is_ascii()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_word)
}
