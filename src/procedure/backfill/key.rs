//! The keys of the tables that backfills cut.

use crate::{
    engine::{
        EngineError, Session, Words,
        ranges::{self, Key},
    },
    model::backfill::{Backfill, NoKey, TableKey, TableKeys},
    plan::Facts,
    procedure::Target,
};

/// The keys of every table that a pending backfill cuts. Asks nothing when there is none.
///
/// # Errors
/// The server's.
pub async fn keys(target: &Target, session: &mut dyn Session, facts: &Facts<'_>) -> Result<TableKeys, EngineError> {
    let mut keys = TableKeys::new();
    for backfill in facts.pending().filter_map(|migration| migration.backfill.as_ref()) {
        if !keys.contains_key(&backfill.table) {
            let found = ranges::keys(session, target.engine.words(), &backfill.table).await?;
            keys.insert(backfill.table.clone(), found.map(|keys| keys.iter().map(Key::fact).collect()));
        }
    }
    Ok(keys)
}

/// The key that a backfill goes by.
///
/// # Errors
/// [`EngineError::Unfit`] when there is none, or rows without a value in it; the server's.
pub(super) async fn of(session: &mut dyn Session, words: &Words, backfill: &Backfill) -> Result<Key, EngineError> {
    let keys = ranges::keys(session, words, &backfill.table).await?;
    let facts: Option<Vec<TableKey>> = keys.as_ref().map(|keys| keys.iter().map(Key::fact).collect());
    let chosen = backfill.choose(facts.as_deref());
    let chosen = chosen.map_err(|NoKey { message, remedy }| EngineError::Unfit { message, remedy })?;
    let key = keys.unwrap_or_default().swap_remove(chosen);
    match key.with_null(session).await? {
        None => Ok(key),
        Some(column) => Err(EngineError::Unfit {
            message: format!("{} has rows without a value in {column}, which no range holds", backfill.table),
            remedy: "give them one in up.sql, or cut the table by another unique key".to_owned(),
        }),
    }
}
