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

use sqlx::SqliteConnection;

use super::{EngineError, fault, rows, session::SqliteSession};
use crate::engine::{StatementError, Value};

const FOREIGN_KEYS_ON: &str = "PRAGMA foreign_keys = ON";

/// Whether any table has a foreign key; without one the check, which reads every child row, is left out.
const ANY_FOREIGN_KEY: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) WHERE s.type = 'table')";

/// What dangles, in a temporary table: a database may hold more of it than memory does. `rowid` is NULL for a table without
/// rowids, hence the count.
const REMEMBER: &str = "CREATE TEMP TABLE windlass_dangling AS SELECT \"table\" AS child, \"rowid\" AS row, parent, \
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
        Ok(()) => run(session, statements, seen).await,
        Err(error) => Err(outside(error)),
    };
    // If this fails, it is tried again, and told, at the next statement.
    session.unsettled = rows::run(&mut session.connection, FOREIGN_KEYS_ON).await.is_err();
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
/// "Transaction Control": BEGIN IMMEDIATE).
async fn begin(session: &mut SqliteSession) -> Result<(), EngineError> {
    let outcome = rows::run(&mut session.connection, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").await;
    session.end_statement(outcome).map(|_| ())
}

async fn run(
    session: &mut SqliteSession,
    statements: &[&str],
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<(), StatementError> {
    let whole = statements.len();
    let before = remember(&mut session.connection).await;
    let before = match session.end_statement(before) {
        Ok(before) => before,
        Err(error) => return Err(roll_back(session, whole, error).await),
    };
    for (index, sql) in statements.iter().enumerate() {
        if let Err(error) = run_inside(session, sql).await {
            return Err(roll_back(session, index, error).await);
        }
        seen(index);
    }
    if let Err(error) = check(session, before).await {
        return Err(roll_back(session, whole, error).await);
    }
    let outcome = rows::run(&mut session.connection, "COMMIT").await;
    match session.end_statement(outcome) {
        Ok(_) => Ok(()),
        Err(error) => Err(after_commit(session, whole, error).await),
    }
}

/// As `SqliteSession::run`, in the middle of a transaction that is not to be settled.
async fn run_inside(session: &mut SqliteSession, sql: &str) -> Result<(), EngineError> {
    session.start_clock();
    let outcome = rows::run(&mut session.connection, sql).await;
    session.end_statement(outcome).map(|_| ())
}

async fn remember(connection: &mut SqliteConnection) -> Result<Before, sqlx::Error> {
    rows::run(connection, "DROP TABLE IF EXISTS temp.windlass_dangling").await?;
    if rows::number(connection, ANY_FOREIGN_KEY).await? == 0 {
        return Ok(Before::NoForeignKey);
    }
    Ok(if rows::run(connection, REMEMBER).await.is_ok() { Before::Remembered } else { Before::Uncheckable })
}

/// Refuses a reference that the migration left dangling; one that dangled before is not its fault.
async fn check(session: &mut SqliteSession, before: Before) -> Result<(), EngineError> {
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

async fn roll_back(session: &mut SqliteSession, index: usize, error: EngineError) -> StatementError {
    let outcome = rows::run(&mut session.connection, "ROLLBACK").await;
    // A statement that was stopped has rolled the whole transaction back by itself (SQLite manual, `sqlite3_interrupt`).
    // Otherwise a refused ROLLBACK means that a statement of the migration ended the transaction: then nothing is known.
    let known = outcome.is_ok() || matches!(error, EngineError::TimedOut(_));
    StatementError { index, committed: known.then_some(false), error }
}

/// A COMMIT that fails with the transaction still open (the file was busy) has done nothing. After any other failure it may
/// have happened all the same: injected I/O errors were answered with an error after the commit.
async fn after_commit(session: &mut SqliteSession, index: usize, error: EngineError) -> StatementError {
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
