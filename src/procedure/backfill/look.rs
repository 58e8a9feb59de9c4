//! Which keys the tables of pending backfills have.

use crate::{
    engine::{EngineError, Session, ranges},
    model::backfill::TableKeys,
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
            keys.insert(backfill.table.clone(), found.map(|keys| keys.iter().map(ranges::Key::fact).collect()));
        }
    }
    Ok(keys)
}
