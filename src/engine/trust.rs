//! How far a server can be relied on.

use super::{EngineError, Session, Words};
use crate::model::trust::Trust;

/// What of the target cannot be relied on; its tables are asked about only where rows are to be changed. Only looks.
///
/// # Errors
/// The server's.
pub async fn trust(session: &mut dyn Session, words: &Words, changes_rows: bool) -> Result<Trust, EngineError> {
    let mut trust = Trust::default();
    if let Some(sql) = words.forgets {
        for row in session.query(sql, &[]).await? {
            trust.forgets.extend(row.text(0)?.map(str::to_owned));
        }
    }
    if let Some(sql) = words.never_taken_back.filter(|_| changes_rows) {
        for row in session.query(sql, &[]).await? {
            if let (Some(table), Some(engine)) = (row.text(0)?, row.text(1)?) {
                trust.never_taken_back.insert(table.to_owned(), engine.to_owned());
            }
        }
    }
    Ok(trust)
}
