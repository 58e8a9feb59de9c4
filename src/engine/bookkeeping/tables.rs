//! Creating our tables: on first use, under the lock, never by a read-only request.

use crate::engine::{EngineError, Session, Words};

/// The layout of our tables that this windlass writes.
pub const LAYOUT: i64 = 1;

/// Whether our tables are there.
///
/// # Errors
/// The server's; [`EngineError::Unsupported`] when a newer windlass laid them out.
pub async fn present(session: &mut dyn Session, words: &Words) -> Result<bool, EngineError> {
    let found = session.query(words.count_table, &["windlass_lock".into()]).await?;
    if found.first().map_or(Ok(None), |row| row.int(0))? == Some(0) {
        return Ok(false);
    }
    let rows = session.query("SELECT layout FROM windlass_lock WHERE id = 1", &[]).await?;
    match rows.first().map_or(Ok(None), |row| row.int(0))? {
        None => Ok(false),
        Some(layout) if layout <= LAYOUT => Ok(true),
        Some(layout) => Err(EngineError::Unsupported {
            found: format!("layout {layout} of windlass's own tables"),
            needed: "a newer windlass: its tables have layout 1",
        }),
    }
}

/// Creates what is missing of our tables; nothing happens when all is there. Call it under the lock.
///
/// # Errors
/// The server's: no right to create tables, most of the time.
pub async fn ensure(session: &mut dyn Session, words: &Words) -> Result<(), EngineError> {
    for statement in words.create_tables {
        session.execute(statement).await.map_err(|failed| failed.error)?;
    }
    Ok(())
}
