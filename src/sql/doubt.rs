//! What there is to go by when a statement was begun and nobody saw its end.

use super::{
    Dialect,
    effect::ELSEWHERE,
    scanner::Scanner,
    token::{Token, TokenKind},
};

/// What there is to go by when a statement was begun and nobody saw its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The schema tells, or what the server numbers anew.
    Evident,
    /// To do it twice is to do it once, whether it shows or not: it is run again.
    Repeatable,
    /// It shows nowhere that is looked at. The server refuses to do it twice, and that refusal is the evidence.
    RefusedTwice,
    /// It runs what it does not tell, in any number of steps: statements of a procedure, a block, a prepared text.
    Opaque,
}

/// How many words are looked at.
const WORDS_MAX: usize = 32;

/// What there is to go by for a statement that does not share a transaction with its mark.
pub fn of(dialect: Dialect, sql: &str) -> Doubt {
    let words: Vec<String> = Scanner::over(dialect, sql).filter_map(|token| word(token, sql)).take(WORDS_MAX).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dialect {
        Dialect::MySql => mysql(&words, sql),
        Dialect::Postgres => postgres(&words),
        Dialect::Sqlite => Doubt::Repeatable,
    }
}

fn word(token: Token, text: &str) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(token.text(text).to_ascii_lowercase()),
        TokenKind::Symbol => Some(token.text(text).to_owned()),
        TokenKind::Whitespace | TokenKind::Comment | TokenKind::CodeOpen | TokenKind::CodeClose => None,
        _ => Some("?".to_owned()),
    }
}

fn mysql(words: &[&str], sql: &str) -> Doubt {
    let has_condition = words.windows(2).any(|pair| pair == ["if", "exists"] || pair == ["if", "not"]);
    match words {
        ["call" | "execute" | "if" | "case" | "loop" | "while" | "repeat" | "for", ..] | ["begin", "not", ..] => {
            Doubt::Opaque
        }
        ["create", "or", "replace", kind, ..] if !["table", "sequence"].contains(kind) => Doubt::Repeatable,
        ["create" | "drop" | "alter" | "rename", kind, ..] if ELSEWHERE.contains(kind) => match words[0] {
            "alter" => Doubt::Repeatable,
            _ if has_condition => Doubt::Repeatable,
            _ => Doubt::RefusedTwice,
        },
        ["create", "function" | "aggregate", ..] if words_anywhere(sql, "soname") => Doubt::RefusedTwice,
        ["install" | "uninstall", ..] if has_condition => Doubt::Repeatable,
        ["install" | "uninstall" | "revoke", ..] => Doubt::RefusedTwice,
        ["optimize" | "repair", rest @ ..] if names_several(rest) => Doubt::Repeatable,
        ["alter" | "create" | "drop" | "rename" | "truncate" | "optimize" | "repair", ..] => Doubt::Evident,
        _ => Doubt::Repeatable,
    }
}

fn postgres(words: &[&str]) -> Doubt {
    match words {
        ["call" | "do", ..] => Doubt::Opaque,
        ["create" | "drop", "database" | "tablespace" | "subscription", rest @ ..] => {
            if rest.starts_with(&["if"]) {
                Doubt::Repeatable
            } else {
                Doubt::RefusedTwice
            }
        }
        ["commit" | "rollback", "prepared", ..] => Doubt::RefusedTwice,
        ["vacuum" | "cluster", rest @ ..] if !names_several(rest) => Doubt::Evident,
        ["reindex", rest @ ..] if rest.contains(&"index") => Doubt::Evident,
        ["vacuum" | "reindex" | "cluster" | "discard", ..] | ["alter", "system" | "database" | "subscription", ..] => {
            Doubt::Repeatable
        }
        _ => Doubt::Evident,
    }
}

/// Whether a comma stands outside parentheses: each of several tables is a step of its own.
fn names_several(rest: &[&str]) -> bool {
    let mut depth = 0_i32;
    rest.iter().any(|word| {
        depth += i32::from(*word == "(") - i32::from(*word == ")");
        *word == "," && depth == 0
    })
}

fn words_anywhere(sql: &str, wanted: &str) -> bool {
    let mut words = Scanner::over(Dialect::MySql, sql).filter(|token| token.kind == TokenKind::Word);
    words.any(|word| word.text(sql).eq_ignore_ascii_case(wanted))
}
