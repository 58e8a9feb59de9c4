//! Statements, dialects and checksums: text in, text out, no I/O.
//!
//! One hand-written scanner, told the dialect, makes tokens; everything else here reads those tokens:
//! the splitter cuts them into statements, `kind` classifies, `digest` hashes, `names` lists.
//!
//! It knows quotes, comments, delimiters and bodies, and no grammar: a statement that no server would
//! accept is still a statement here. What it cannot know is written between
//! `-- windlass:statement begin` and `-- windlass:statement end`: all of that is one statement.

mod act;
mod body;
mod client;
mod dialect;
mod digest;
mod doubt;
mod effect;
mod error;
mod keyword;
mod kind;
mod lexeme;
mod lines;
mod lower;
mod marker;
mod moves;
mod names;
mod operator;
mod outward;
mod placeholder;
mod quoted;
mod rewrite;
mod scanner;
mod splitter;
mod token;
mod waiver;
mod words;

pub use act::{Act, Clause};
pub use dialect::Dialect;
pub use doubt::Doubt;
pub use effect::Effect;
pub use error::SqlError;
pub use moves::{Called, Move, Reach};
pub use words::Words;

use crate::model::{backfill::Part, checksum::Checksum, migration::Statement, waiver::Waiver};

use scanner::Scanner;
use splitter::{Piece, Splitter};
use token::{Token, TokenKind};

/// Cuts a script into its statements, each with its line and kind.
///
/// A statement's text runs from its first token of code to its last: comments around it are left out,
/// comments inside it stay, and so does every `/*! … */` of MariaDB and MySQL, which is code. Its line is that
/// of the first token. A text of comments and delimiters alone has no statements. A byte order mark at
/// the start is skipped.
///
/// # Errors
/// A quote, comment, parenthesis, body or marker that is not closed, with the line on which it was opened;
/// a client command (`\copy`, `source`, `.read`, `COPY … FROM stdin`) by its name.
pub fn split(dialect: Dialect, text: &str) -> Result<Vec<Statement>, SqlError> {
    Splitter::over(dialect, text).map(|piece| Ok(statement(dialect, text, &piece?))).collect()
}

fn statement(dialect: Dialect, text: &str, piece: &Piece) -> Statement {
    Statement { sql: piece.text(text).to_owned(), line: piece.line, kind: kind::of(dialect, text, piece), part: None }
}

/// The statements and the checksum of one script, read once.
///
/// # Errors
/// As [`split`].
pub fn read(dialect: Dialect, text: &str) -> Result<(Vec<Statement>, Checksum), SqlError> {
    let mut tokens = digest::Tokens::of(dialect);
    let mut statements = Vec::new();
    for piece in Splitter::over(dialect, text) {
        let piece = piece?;
        tokens.statement(text, &piece);
        statements.push(statement(dialect, text, &piece));
    }
    tokens.end_text();
    Ok((statements, Checksum { bytes: digest::of_bytes(&[text]), tokens: tokens.hex() }))
}

/// The first half of a [`checksum`] over one text: that of its bytes.
#[must_use]
pub fn bytes(text: &str) -> String {
    digest::of_bytes(&[text])
}

/// Whether the first token of code in a text is an unquoted word, as of most statements it is.
#[must_use]
pub fn begins_with_word(dialect: Dialect, text: &str) -> bool {
    let blank = |token: &Token| matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment);
    Scanner::over(dialect, text).find(|token| !blank(token)).is_some_and(|token| token.kind == TokenKind::Word)
}

/// The checksum over the texts of a migration's forward scripts, in order.
///
/// `bytes` is over each text as it is, preceded by its length. `tokens` is over the statements: comments,
/// spacing, line endings (CRLF for LF, in strings and bodies too), the spelling of delimiters and the case of keywords do not count;
/// literals, quoted names, `/*! … */` and the case of anything that may be a name do (on PostgreSQL an unquoted
/// name has no case). Without texts it is the checksum of nothing, and still one.
///
/// # Errors
/// As [`split`]; the line is that of the text at fault.
pub fn checksum(dialect: Dialect, texts: &[&str]) -> Result<Checksum, SqlError> {
    Ok(Checksum { bytes: digest::of_bytes(texts), tokens: digest::of_tokens(dialect, texts)? })
}

/// A print of one statement: what does not count for a [`checksum`] does not change it, and two that differ have the same one
/// once in four thousand million times.
#[must_use]
pub fn print(dialect: Dialect, statement: &str) -> String {
    let mut print = digest::of_statement(dialect, statement);
    print.truncate(PRINT_DIGITS);
    print
}

/// How long a [`print`] is, in hexadecimal digits.
pub const PRINT_DIGITS: usize = 8;

/// Cuts a backfill's statement at what stands for the range of keys: `> :after`, `<= :upto` and `:range`.
///
/// # Errors
/// A comparison that makes no range, or a `:name` that is none of them; the line is that within the statement.
pub fn placeholders(dialect: Dialect, statement: &str) -> Result<Vec<Part>, SqlError> {
    placeholder::cut(dialect, statement)
}

/// The identifiers a statement names, unquoted, each once, in order: what a schema look-up can be narrowed to.
///
/// More than that may come back, never less: every word that is not reserved, each part of a qualified name,
/// every quoted name, the words of a dollar-quoted body (PostgreSQL), and strings where the engine
/// may take them for names (`"…"` on MariaDB and MySQL, `'…'` on SQLite). PostgreSQL's unquoted names are in lower
/// case, as the server folds them. Never an error: a quote left open ends with the text.
#[must_use]
pub fn names(dialect: Dialect, statement: &str) -> Vec<String> {
    names::of(dialect, statement)
}

/// The identifiers of what a statement may change: as [`names`], without those that only say what it is made of.
///
/// A statement that begins with CREATE, ALTER, DROP, RENAME or TRUNCATE changes what it names outside parentheses; within
/// them stand columns, partitions and what is pointed to. More than that may come back, never less.
#[must_use]
pub fn changed_names(dialect: Dialect, statement: &str) -> Vec<String> {
    names::changed(dialect, statement)
}

/// Whether a statement changes tables, views and indexes and nothing else that has a name: a schema change in whose words
/// stands nothing of triggers, routines, events or packages.
#[must_use]
pub fn changes_tables_only(dialect: Dialect, statement: &str) -> bool {
    names::changes_tables_only(dialect, statement)
}

/// A script's statements with those in several steps that the server would not carry out as one; which they are is told by
/// the script alone. `salt` keeps the throw-away names of two scripts apart.
#[must_use]
pub fn stepwise(dialect: Dialect, salt: &str, statements: Vec<Statement>) -> Vec<Statement> {
    rewrite::of(dialect, salt, statements)
}

/// What there is to go by when a statement was begun and nobody saw its end.
#[must_use]
pub fn doubt(dialect: Dialect, statement: &str) -> Doubt {
    doubt::of(dialect, statement)
}

/// Whether a statement that belongs to its session sets something there, and may be said again: `SET`, `RESET`, and
/// `SELECT set_config(…)`.
#[must_use]
pub fn sets(statement: &str) -> bool {
    let is_setting = |word: &str| ["set", "reset", "select"].iter().any(|known| word.eq_ignore_ascii_case(known));
    statement.split_ascii_whitespace().next().is_some_and(is_setting) && !is_of_transaction(statement)
}

/// Whether a statement sets something for the transaction that it stands in: `SET TRANSACTION`, `SET CONSTRAINTS`.
#[must_use]
pub fn is_of_transaction(statement: &str) -> bool {
    let mut words = statement.split_ascii_whitespace();
    let is_set = words.next().is_some_and(|word| word.eq_ignore_ascii_case("set"));
    let is_of = |word: &str| ["transaction", "constraints"].iter().any(|known| word.eq_ignore_ascii_case(known));
    is_set && words.next().is_some_and(is_of)
}

/// Whether a statement executes one that was prepared, which is one statement whatever it is.
#[must_use]
pub fn is_one_prepared(statement: &str) -> bool {
    statement.split_ascii_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("execute"))
}

/// A statement as a run executes it: its throw-away names, where windlass gave it any, are the run's own.
#[must_use]
pub fn of_run(statement: &Statement, run: &str) -> String {
    if statement.part.is_some() { rewrite::of_run(&statement.sql, run) } else { statement.sql.clone() }
}

/// What a schema change does to what is stored: which tables and columns go with their contents, and which are called
/// otherwise. `None` where its words do not tell, where rows may come, go or change, and where not all of it shows in the
/// schema of this database.
#[must_use]
pub fn effect(dialect: Dialect, statement: &str) -> Option<Effect> {
    effect::of(dialect, statement)
}

/// The table, called by its plain name, whose rows a statement changes, where its words leave no doubt that it changes no
/// other's; triggers and foreign keys aside, and what a routine does that it names.
#[must_use]
pub fn only_table_written(dialect: Dialect, statement: &str) -> Option<String> {
    effect::only_table_written(dialect, statement)
}

/// Whether the words of the schema tell by themselves if a statement took effect: it makes a table or an index, which takes
/// nothing's place.
#[must_use]
pub fn shows_in_schema(dialect: Dialect, statement: &str) -> bool {
    effect::shows_in_schema(dialect, statement)
}

/// What a statement does, as far as rules about risks go by it; the newest server's reading where comments are code.
#[must_use]
pub fn act(dialect: Dialect, statement: &str) -> Act {
    act::of(dialect, statement)
}

/// Whether a table is one that the server makes by itself and nobody else can.
#[must_use]
pub fn is_reserved(dialect: Dialect, table: &str) -> bool {
    dialect == Dialect::Sqlite && table.to_ascii_lowercase().starts_with("sqlite_")
}

/// Whether a statement asks for rows, and changes none as far as its words tell: `SELECT`, `VALUES`, `TABLE`, and `WITH` before one of
/// them.
#[must_use]
pub fn is_query(dialect: Dialect, statement: &str) -> bool {
    match Words::of_newest(dialect, statement).nth(0).as_deref() {
        Some("select" | "values" | "table" | "(") => true,
        Some("with") => matches!(act(dialect, statement), Act::Other(_)),
        _ => false,
    }
}

/// Whether a statement makes, changes or chooses another database, an account or something else of the whole server, as far as its
/// words tell.
#[must_use]
pub fn leads_out(dialect: Dialect, statement: &str) -> bool {
    outward::leads_out(dialect, statement)
}

/// The waivers in a script: `-- windlass:allow <rule> <reason>`, each with the line of the statement that it stands directly
/// above, or in. Nothing behind a place where the script cannot be cut.
#[must_use]
pub fn waivers(dialect: Dialect, text: &str) -> Vec<Waiver> {
    waiver::of(dialect, text)
}

/// What a statement does with what is stored, as far as its words tell: what a body, a `DO` block or a routine does is not in
/// them.
#[must_use]
pub fn moves(dialect: Dialect, statement: &str) -> Vec<Move> {
    moves::of(dialect, statement)
}

/// The schema and the name in a table's full name; without a schema where there is none, as on engines that have one
/// database each.
#[must_use]
pub fn name_parts(dialect: Dialect, full: &str) -> (Option<&str>, &str) {
    match full.split_once('.') {
        Some((schema, name)) if dialect == Dialect::Postgres => (Some(schema), name),
        _ => (None, full),
    }
}

/// Whether two names mean the same table or column. Where the case of a name may matter (PostgreSQL's names are folded by
/// the reader), it does.
#[must_use]
pub fn is_same_name(dialect: Dialect, one: &str, other: &str) -> bool {
    match dialect {
        Dialect::Postgres => one == other,
        Dialect::MySql | Dialect::Sqlite => one.eq_ignore_ascii_case(other),
    }
}
