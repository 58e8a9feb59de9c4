//! Creating our tables: on first use, under the lock, never by a read-only request.

use super::lock;
use crate::engine::{DdlScope, EngineError, Session, Words};

/// The layout of our tables that this windlass writes.
pub const LAYOUT: i64 = 3;

/// Whether our tables are there.
///
/// # Errors
/// The server's; [`EngineError::Unsupported`] when a newer windlass laid them out.
pub async fn present(session: &mut dyn Session, words: &Words) -> Result<bool, EngineError> {
    if !exist(session, words).await? {
        return Ok(false);
    }
    let rows = session.query("SELECT layout FROM windlass_lock WHERE id = 1", &[]).await?;
    match rows.first() {
        None => Ok(false),
        Some(row) => must_be_known(row.int(0)?).map(|()| true),
    }
}

/// Whether there is a table for the lock, which is made after all others; its row comes last.
///
/// # Errors
/// The server's.
pub(super) async fn exist(session: &mut dyn Session, words: &Words) -> Result<bool, EngineError> {
    // Without a bound value it is one message, with nothing to prepare.
    let found = session.query(&words.count_table.replace('?', "'windlass_lock'"), &[]).await?;
    Ok(found.first().map_or(Ok(None), |row| row.int(0))?.unwrap_or(0) > 0)
}

/// Refuses tables that a newer windlass laid out.
///
/// # Errors
/// [`EngineError::Unsupported`].
pub(super) fn must_be_known(layout: Option<i64>) -> Result<(), EngineError> {
    match layout {
        Some(layout) if layout > LAYOUT => Err(EngineError::Unsupported {
            found: format!("layout {layout} of windlass's own tables"),
            needed: "a newer windlass",
        }),
        _ => Ok(()),
    }
}

/// Creates what is missing of our tables, at once where the engine can; nothing happens when all is there. Call it under
/// the lock.
///
/// # Errors
/// The server's: no right to create tables, most of the time.
pub async fn ensure(session: &mut dyn Session, words: &Words, scope: DdlScope) -> Result<(), EngineError> {
    if scope == DdlScope::Transaction {
        return session.transact(words.create_tables, &mut |_| ()).await.map_err(|failed| failed.error);
    }
    for statement in words.create_tables {
        session.execute(statement).await.map_err(|failed| failed.error)?;
    }
    Ok(())
}

/// What is in them that would be believed, should only some of them go.
const TOLD: [&str; 5] =
    ["migration_history", "schema_version", "windlass_journal", "windlass_backfill", "windlass_archive"];

/// Our tables, in the order in which they go: without the lock's the others are taken for unfinished, and made again.
const ALL: [&str; 6] = [
    "windlass_lock",
    "windlass_archive",
    "windlass_backfill",
    "windlass_journal",
    "migration_history",
    "schema_version",
];

/// Removes our tables, with all that is in them, while this run is the newest. Call it under the lock.
///
/// # Errors
/// [`EngineError::Fenced`]; the server's. What is left then tells nothing, and is taken up by the next run.
pub async fn remove(session: &mut dyn Session, words: &Words, epoch: i64) -> Result<(), EngineError> {
    let mut emptied = vec![lock::fence(words, epoch)];
    emptied.extend(TOLD.iter().map(|table| format!("DELETE FROM {table}")));
    let texts: Vec<&str> = emptied.iter().map(String::as_str).collect();
    session.transact(&texts, &mut |_| ()).await.map_err(|failed| failed.error)?;
    for table in ALL {
        session.execute(&format!("DROP TABLE {table}")).await.map_err(|failed| failed.error)?;
    }
    Ok(())
}

/// Whether a table, called by its plain name, is one of ours, whatever its case.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("windlass_") || matches!(name.as_str(), "schema_version" | "migration_history")
}
