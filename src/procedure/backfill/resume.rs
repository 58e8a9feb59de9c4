//! Whether a backfill that was interrupted can go on with the files as they are now.

use crate::{
    engine::{
        EngineError,
        bookkeeping::{self, journal::InFlight},
    },
    procedure::{Held, apply::Change},
};

/// Why a backfill cannot go on, if it cannot: it must still cut the same table by the same key, behind the same statements.
/// Its statement may have been mended; what is done was done by the old one.
///
/// # Errors
/// The server's.
pub async fn may_go_on(
    held: &mut Held,
    found: &InFlight,
    change: &Change<'_>,
) -> Result<Option<&'static str>, EngineError> {
    let Some(backfill) = change.backfill else { return Ok(Some("its backfill.sql is gone")) };
    if change.statements().len() + 1 != found.statement as usize {
        return Ok(Some("it has another number of statements than were run"));
    }
    let standing = bookkeeping::backfill::standing(held.session()?, found.run, found.seq).await?;
    let is_other = standing.is_some_and(|standing| {
        standing.after.is_some() && (standing.table != backfill.table || standing.key != backfill.key)
    });
    Ok(is_other.then_some("its backfill cuts another table, or by another key"))
}
