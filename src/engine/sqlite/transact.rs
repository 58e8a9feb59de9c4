//! A migration as one transaction, so that a table can be rebuilt under its children.
//!
//! SQLite changes most of a table by building a new one, dropping the old and renaming (SQLite manual, "ALTER TABLE",
//! section 7, whose twelve steps begin with `PRAGMA foreign_keys=OFF` and check before the commit). With enforcement on, the
//! drop would first delete every row and fire ON DELETE CASCADE in the children (SQLite manual, "SQLite Foreign Key
//! Support", section 5). With it off nothing cascades: a table that the migration does not name loses no row, and what a
//! deleted parent leaves behind shows as a dangling reference, which is looked for before the commit.
//!
//! The switch is thrown outside the transaction; inside, `PRAGMA foreign_keys` does nothing (SQLite manual,
//! `PRAGMA foreign_keys`), so that a migration that says it itself changes nothing.
//!
//! The driver keeps a connection on a thread of its own, and every text costs a way there and back: so the statements go
//! there several at a time, and how far they came is counted from the answers.

use futures_util::StreamExt;
use sqlx::{AssertSqlSafe, Either, SqliteConnection};

use super::{EngineError, definition, fault, rows, session::SqliteSession};
use crate::engine::{StatementError, Value};

const FOREIGN_KEYS_ON: &str = "PRAGMA foreign_keys = ON";

/// The last texts of a transaction; the number tells whether somebody else has changed the schema since.
const AT_THE_END: [&str; 3] = ["PRAGMA main.schema_version", "COMMIT", FOREIGN_KEYS_ON];

/// How many bytes of statements are sent at once. SQLite copies what is left of a text for each statement in it.
const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Whether any table may have a foreign key, which takes the word REFERENCES; without one the check, which reads every
/// child row, is left out. The word may stand in a comment, and then the check is made for nothing.
const ANY_FOREIGN_KEY: &str = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'table' \
                               AND instr(lower(sql), 'references') > 0)";

/// What a statement says that may give the schema its first foreign key; the second lets it write the schema's text itself.
const WORDS_OF_A_FOREIGN_KEY: [&str; 2] = ["references", "writable_schema"];

/// What dangles, in a temporary table: a database may hold more of it than memory does. `rowid` is NULL for a table without
/// rowids, hence the count.
const REMEMBER: &str = "DROP TABLE IF EXISTS temp.windlass_dangling; \
                        CREATE TEMP TABLE windlass_dangling AS SELECT \"table\" AS child, \"rowid\" AS row, parent, \
                        count(*) AS times FROM pragma_foreign_key_check GROUP BY 1, 2, 3";

/// One reference that dangles now and did not before.
const FIND_ONE_MORE: &str = "SELECT now.child, now.row, now.parent FROM (SELECT \"table\" AS child, \"rowid\" AS row, \
                             parent, count(*) AS times FROM pragma_foreign_key_check GROUP BY 1, 2, 3) AS now \
                             LEFT JOIN temp.windlass_dangling AS old ON old.child = now.child AND old.row IS now.row \
                             AND old.parent = now.parent WHERE old.child IS NULL OR old.times < now.times LIMIT 1";

/// What was known of the references before the first statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// There was no foreign key, so that nothing dangled.
    NoForeignKey,
    /// What dangled is in the temporary table.
    Remembered,
    /// The check itself fails on this schema (a foreign key without a unique parent key): nothing can be compared.
    Uncheckable,
}

/// Runs the statements between BEGIN IMMEDIATE and COMMIT. See [`crate::engine::Session::transact`].
pub(super) async fn transact(
    session: &mut SqliteSession,
    statements: &[&str],
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<(), StatementError> {
    let outside = |error| StatementError { index: statements.len(), committed: Some(false), error };
    session.begin_statement().await.map_err(outside)?;
    session.unsettled = true;
    let outcome = match begin(session).await {
        Ok(schema) => run(session, schema, statements, seen).await,
        Err(error) => Err(outside(error)),
    };
    if session.unsettled {
        // If this fails, it is tried again, and told, at the next statement.
        session.unsettled = rows::run(&mut session.connection, FOREIGN_KEYS_ON).await.is_err();
    }
    outcome
}

/// Ends a transaction whose end nobody saw, and switches foreign keys on again.
pub(super) async fn settle(session: &mut SqliteSession) -> Result<(), EngineError> {
    // Refused when no transaction is open, which is as well.
    let _ = rows::run(&mut session.connection, "ROLLBACK").await;
    let outcome = rows::run(&mut session.connection, FOREIGN_KEYS_ON).await;
    session.unsettled = outcome.is_err();
    session.end_statement(outcome).map(|_| ())
}

/// Switches foreign keys off, then takes the write lock at once, rather than at the first write, where waiting for it could not help (SQLite manual,
/// "Transaction Control": BEGIN IMMEDIATE). Gives the version of the schema.
async fn begin(session: &mut SqliteSession) -> Result<i64, EngineError> {
    let text = "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; PRAGMA main.schema_version";
    let outcome = sqlx::raw_sql(text).fetch_all(&mut session.connection).await;
    let rows = session.end_statement(outcome)?;
    Ok(rows.last().map_or(0, rows::number_in))
}

async fn run(
    session: &mut SqliteSession,
    schema: i64,
    statements: &[&str],
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<(), StatementError> {
    let whole = statements.len();
    let before = match remember(session, schema).await {
        Ok(before) => before,
        Err(error) => return Err(roll_back(session, whole, error).await),
    };
    let is_plain = before == Before::NoForeignKey && !statements.iter().any(|sql| may_make_a_foreign_key(sql));
    let mut texts = statements.to_vec();
    if is_plain {
        texts.extend(AT_THE_END);
    }
    let mut told = |index: usize| {
        if index < whole {
            seen(index);
        }
    };
    let mut sent = send(session, &texts, &mut told).await;
    if !is_plain && sent.is_ok() {
        if let Err(error) = check(session, before).await {
            return Err(roll_back(session, whole, error).await);
        }
        failpoint!("commit.before");
        sent = send(session, &AT_THE_END, &mut |_| ()).await.map_err(|(index, error)| (whole + index, error));
    }
    match sent {
        Ok(schema) => {
            session.unsettled = false;
            session.without_foreign_key = Some(schema).filter(|_| is_plain);
            Ok(())
        }
        // The COMMIT was answered, and foreign keys are still off: the caller sees to that.
        Err((index, _)) if index > whole + 1 => Ok(()),
        Err((index, error)) if index == whole + 1 => Err(after_commit(session, whole, error).await),
        Err((index, error)) => Err(roll_back(session, index, error).await),
    }
}

/// Statements that are sent at once.
struct Piece {
    text: String,
    /// Which they are. One without a command gets no answer and would spoil the count, so it is not sent.
    indices: Vec<usize>,
    /// Where the next piece begins.
    end: usize,
}

impl Piece {
    fn of(texts: &[&str], from: usize) -> Self {
        let mut piece = Self { text: String::new(), indices: Vec::new(), end: from };
        for next in &texts[from..] {
            if !piece.text.is_empty() && piece.text.len() + next.len() > TEXT_BYTES_MAX {
                break;
            }
            if !definition::is_blank(next) {
                piece.text.push_str(next);
                piece.text.push_str(end_of(next));
                piece.indices.push(piece.end);
            }
            piece.end += 1;
        }
        piece
    }
}

/// What ends a statement within a text of several. SQLite keeps what stands before the semicolon as part of the words of a
/// table or index (`sqlite_schema.sql`), so there is no newline unless the statement may end in a line comment.
fn end_of(statement: &str) -> &'static str {
    match statement.rsplit('\n').next() {
        Some(last) if last.contains("--") => "\n;\n",
        _ => ";\n",
    }
}

/// Sends statements, several at a time; gives the last number that they answered, or which of them failed. Each has its
/// own time to run.
pub(super) async fn send(
    session: &mut SqliteSession,
    texts: &[&str],
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<i64, (usize, EngineError)> {
    let mut number = 0;
    let mut from = 0;
    while from < texts.len() {
        let Piece { text, indices, end } = Piece::of(texts, from);
        from = end;
        let mut ran = 0;
        session.start_clock();
        let outcome = {
            let limit = session.allowed();
            let mut answers = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(&mut session.connection);
            loop {
                match answers.next().await {
                    Some(Ok(Either::Right(row))) => number = rows::number_in(&row),
                    Some(Ok(Either::Left(_))) => {
                        session.watch.allow(limit);
                        indices.get(ran).into_iter().for_each(|index| seen(*index));
                        ran += 1;
                    }
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                }
            }
        };
        let outcome = session.end_statement(outcome);
        let at = |nth: usize| indices.get(nth).copied().unwrap_or(texts.len());
        outcome.map_err(|error| (at(ran), error))?;
        if ran < indices.len() {
            return Err((at(ran.saturating_sub(1)), endless()));
        }
    }
    Ok(number)
}

/// SQLite lets a comment be open at the end of a text, and then takes what follows for part of it.
fn endless() -> EngineError {
    EngineError::Refused { code: "1".to_owned(), message: "the comment at its end is not closed".to_owned() }
}

fn may_make_a_foreign_key(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    WORDS_OF_A_FOREIGN_KEY.iter().any(|word| sql.contains(word))
}

async fn remember(session: &mut SqliteSession, schema: i64) -> Result<Before, EngineError> {
    if session.without_foreign_key == Some(schema) {
        return Ok(Before::NoForeignKey);
    }
    session.start_clock();
    let outcome = rows::number(&mut session.connection, ANY_FOREIGN_KEY).await;
    if session.end_statement(outcome)? == 0 {
        return Ok(Before::NoForeignKey);
    }
    session.start_clock();
    let outcome = rows::run(&mut session.connection, REMEMBER).await;
    let remembered = session.end_statement(outcome);
    match remembered {
        Ok(_) => Ok(Before::Remembered),
        Err(error @ EngineError::TimedOut(_)) => Err(error),
        Err(_) => Ok(Before::Uncheckable),
    }
}

/// Refuses a reference that the migration left dangling; one that dangled before is not its fault.
async fn check(session: &mut SqliteSession, before: Before) -> Result<(), EngineError> {
    session.start_clock();
    let outcome = find_one_more(&mut session.connection, before).await;
    match session.end_statement(outcome)? {
        None => Ok(()),
        Some(sentence) => Err(EngineError::Refused { code: fault::FOREIGN_KEY.to_string(), message: sentence }),
    }
}

async fn find_one_more(connection: &mut SqliteConnection, before: Before) -> Result<Option<String>, sqlx::Error> {
    let query = match before {
        Before::Uncheckable => return Ok(None),
        Before::Remembered => FIND_ONE_MORE,
        Before::NoForeignKey if rows::number(connection, ANY_FOREIGN_KEY).await? == 0 => return Ok(None),
        Before::NoForeignKey => "SELECT \"table\", \"rowid\", parent FROM pragma_foreign_key_check LIMIT 1",
    };
    let found = rows::ask(connection, query, &[]).await?;
    if before == Before::Remembered {
        rows::run(connection, "DROP TABLE temp.windlass_dangling").await?;
    }
    Ok(found.first().map(|row| sentence(&row.0)))
}

pub(super) async fn roll_back(session: &mut SqliteSession, index: usize, error: EngineError) -> StatementError {
    let outcome = rows::run(&mut session.connection, "ROLLBACK").await;
    // A statement that was stopped has rolled the whole transaction back by itself (SQLite manual, `sqlite3_interrupt`).
    // Otherwise a refused ROLLBACK means that a statement of the migration ended the transaction: then nothing is known.
    let known = outcome.is_ok() || matches!(error, EngineError::TimedOut(_));
    StatementError { index, committed: known.then_some(false), error }
}

/// A COMMIT that fails with the transaction still open (the file was busy) has done nothing. After any other failure it may
/// have happened all the same: injected I/O errors were answered with an error after the commit.
pub(super) async fn after_commit(session: &mut SqliteSession, index: usize, error: EngineError) -> StatementError {
    let still_open = rows::run(&mut session.connection, "ROLLBACK").await.is_ok();
    StatementError { index, committed: still_open.then_some(false), error }
}

/// Rows that point nowhere, one sentence each.
///
/// # Errors
/// The driver's.
pub(super) async fn broken_references(
    connection: &mut SqliteConnection,
    limit: usize,
) -> Result<Vec<String>, sqlx::Error> {
    let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
    let query = "SELECT \"table\", \"rowid\", parent FROM pragma_foreign_key_check LIMIT ?";
    let found = rows::ask(connection, query, &[limit]).await?;
    Ok(found.iter().map(|row| sentence(&row.0)).collect())
}

fn sentence(columns: &[Value]) -> String {
    let text = |column: usize| match columns.get(column) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Int(number)) => number.to_string(),
        _ => "?".to_owned(),
    };
    match columns.get(1) {
        Some(Value::Int(row)) => format!("row {row} of {} points to a row of {} that is not there", text(0), text(2)),
        _ => format!("a row of {} points to a row of {} that is not there", text(0), text(2)),
    }
}
