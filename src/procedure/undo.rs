//! Undoing the part of a migration that was done, where the schema itself proves that it worked.

use super::{Assignment, Held, Target, apply::Change, evidence::Evidence};
use crate::{
    engine::{EngineError, bookkeeping::journal},
    model::migration::StatementKind,
    sql,
};

/// Tries to take back the first `done` statements of a migration by its down script.
///
/// Only schema changes are taken back, and only by a down script that names nothing else: what statements did to rows
/// cannot be proven by the schema. Statements of the down script that the database refuses are passed over, since they may
/// concern what was never made; the proof is that everything named is afterwards exactly what it was before. True when it is.
///
/// # Errors
/// The server's.
pub async fn undo(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &Evidence,
    change: &Change<'_>,
    done: u32,
) -> Result<bool, EngineError> {
    let is_schema = |kind| !matches!(kind, StatementKind::Rows);
    let only_schema = change.statements().iter().take(done as usize).all(|statement| is_schema(statement.kind));
    let Some(down) = change.migration.down.as_ref().filter(|_| only_schema) else { return Ok(false) };
    let (named, before) = evidence.of_migration();
    let names_more = |sql: &str| sql::names(target.engine.dialect(), sql).iter().any(|name| !named.contains(name));
    let back: Vec<&str> = down.statements.iter().filter(|s| is_schema(s.kind)).map(|s| s.sql.as_str()).collect();
    if back.iter().any(|sql| names_more(sql)) {
        return Ok(false);
    }
    told.warning(format!("taking back the {done} statements of {} that were done", change.migration.identity));
    for sql in back {
        if let Err(refused) = held.session()?.execute(sql).await
            && matches!(refused.error, EngineError::Lost { .. })
        {
            return Err(refused.error);
        }
    }
    if held.session()?.schema(None).await?.only(named).fingerprint() != before.only(named).fingerprint() {
        return Ok(false);
    }
    held.session()?.write(&journal::forget(change.run, change.seq), &[]).await?;
    Ok(true)
}
