//! How far the target can be relied on for what is pending.

use super::Target;
use crate::{
    engine::{self, EngineError, Session},
    model::{migration::StatementKind, trust::Trust},
    plan::Facts,
};

/// What of the target cannot be relied on for what is pending. Asks nothing when nothing is.
///
/// # Errors
/// The server's.
pub async fn trust(target: &Target, session: &mut dyn Session, facts: &Facts<'_>) -> Result<Trust, EngineError> {
    if facts.pending().next().is_none() {
        return Ok(Trust::default());
    }
    let changes_rows = facts.pending().any(|migration| {
        let is_rows = |kind| kind == StatementKind::Rows;
        migration.backfill.is_some() || migration.up.statements.iter().any(|statement| is_rows(statement.kind))
    });
    engine::trust::trust(session, target.engine.words(), changes_rows).await
}
