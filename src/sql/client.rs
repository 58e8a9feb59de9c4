//! Commands that a client would carry out and no server knows: refused by name.

use super::{
    Dialect, SqlError,
    lower::Lower,
    token::{Token, TokenKind},
};

/// The named commands of the `mariadb` and `mysql` clients (MySQL manual, mysql Client Commands), but `delimiter`, which is
/// understood, and `use` and `help`, which are statements as well.
const MYSQL: [&str; 25] = [
    "charset",
    "clear",
    "connect",
    "costs",
    "edit",
    "ego",
    "exit",
    "go",
    "nopager",
    "notee",
    "nowarning",
    "pager",
    "print",
    "prompt",
    "query_attributes",
    "quit",
    "rehash",
    "resetconnection",
    "sandbox",
    "source",
    "ssl_session_data_print",
    "status",
    "system",
    "tee",
    "warnings",
];

/// Refuses a token that belongs to a client; `is_first` if a statement would begin with it.
pub fn refuse(dialect: Dialect, text: &str, token: Token, is_first: bool, line: u32) -> Result<(), SqlError> {
    let found = token.text(text);
    if token.kind == TokenKind::Meta {
        return Err(client_command(dialect, found, line));
    }
    match (dialect, token.kind) {
        (Dialect::MySql, TokenKind::Word) if is_first && MYSQL.contains(&Lower::of(found).as_str()) => {
            Err(client_command(dialect, found, line))
        }
        (Dialect::Sqlite, TokenKind::Symbol) if is_first && found == "." => {
            let command = text[token.start..].split_whitespace().next().unwrap_or(found);
            Err(client_command(dialect, command.trim_end_matches(';'), line))
        }
        _ => Ok(()),
    }
}

/// Refuses `COPY … FROM stdin` and `COPY … TO stdout`, whose rows travel beside the statement.
pub fn refuse_copy(dialect: Dialect, text: &str, tokens: &[Token], line: u32) -> Result<(), SqlError> {
    let is = |token: Option<&Token>, word: &str| {
        token.is_some_and(|token| token.kind == TokenKind::Word && token.text(text).eq_ignore_ascii_case(word))
    };
    if dialect != Dialect::Postgres || !is(tokens.first(), "copy") {
        return Ok(());
    }
    let pair = |first, second| tokens.windows(2).any(|pair| is(pair.first(), first) && is(pair.last(), second));
    let name = match (pair("from", "stdin"), pair("to", "stdout")) {
        (true, _) => "COPY … FROM stdin",
        (_, true) => "COPY … TO stdout",
        _ => return Ok(()),
    };
    let remedy = "write the rows as INSERT statements, or keep them in a master data file";
    Err(SqlError::on(line, format!("{name} needs a client to carry the rows"), remedy))
}

fn client_command(dialect: Dialect, name: &str, line: u32) -> SqlError {
    let client = match dialect {
        Dialect::Postgres => "psql",
        Dialect::MySql => "the mariadb client",
        Dialect::Sqlite => "the sqlite3 shell",
    };
    let message = format!("`{name}` is a command of {client}, not a statement");
    SqlError::on(line, message, "take it out: write the statements it stands for into this file")
}
