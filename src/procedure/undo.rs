//! Undoing the part of a migration that was done, where the schema itself proves that it worked.

use ulid::Ulid;

use super::{Assignment, Held, Target, apply::Change, evidence::Evidence};
use crate::{
    engine::{
        EngineError,
        bookkeeping::{
            journal::{self, InFlight},
            undoing::{self, Undoing},
        },
    },
    model::{
        migration::{Statement, StatementKind},
        schema::Schema,
    },
    sql,
};

/// Tries to take back the first `done` statements of a migration: by taking out what they added, else by its down script.
///
/// Only schema changes are taken back, and rows that went into tables the migration made: what statements did to other
/// rows cannot be proven by the schema. The proof is that everything named is afterwards exactly what it was before. True
/// when it is; the journal then forgets the migration.
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
    let (named, before) = evidence.of_migration();
    let now = held.session()?.schema(None).await?.only(named);
    let dialect = target.engine.dialect();
    let done = &change.statements()[..(done as usize).min(change.statements().len())];
    if !done.iter().all(|statement| is_provable(statement, dialect, before, &now)) {
        return Ok(false);
    }
    let by_schema = target.engine.undoing(before, &now);
    let Some(back) = by_schema.or_else(|| by_down_script(change, dialect, named)) else { return Ok(false) };
    told.warning(format!("taking back the {} statements of {} that were done", done.len(), change.migration.identity));
    let fingerprint = before.only(named).fingerprint();
    let undoing = Undoing { statements: back, named: named.to_vec(), fingerprint };
    let epoch = held.epoch;
    undoing::begin(held.session()?, change.run, change.seq, epoch, &undoing).await?;
    if take_back(held, change.run, change.seq, &undoing).await? {
        return Ok(true);
    }
    if held.session()?.schema(None).await?.only(named).fingerprint() == now.fingerprint() {
        undoing::give_up(held.session()?, change.run, change.seq, epoch).await?;
    }
    Ok(false)
}

/// Goes on with what was begun before a crash. True when the migration is taken back.
///
/// # Errors
/// The server's.
pub async fn go_on(
    told: &Assignment,
    held: &mut Held,
    found: &InFlight,
    undoing: &Undoing,
) -> Result<bool, EngineError> {
    told.warning(format!("{} failed and was being taken back; going on with that", found.name));
    take_back(held, found.run, found.seq, undoing).await
}

/// Runs the statements, and believes them only when all that was named is as it was; the journal then forgets the migration.
async fn take_back(held: &mut Held, run: Ulid, seq: u32, undoing: &Undoing) -> Result<bool, EngineError> {
    failpoint!("undo.before", EngineError::fault);
    for sql in &undoing.statements {
        failpoint!("undo.statement");
        // What is refused may concern what was never made: what counts is what is there afterwards.
        if let Err(refused) = held.session()?.execute(sql).await
            && matches!(refused.error, EngineError::Lost { .. })
        {
            return Err(refused.error);
        }
    }
    if held.session()?.schema(None).await?.only(&undoing.named).fingerprint() != undoing.fingerprint {
        return Ok(false);
    }
    failpoint!("undo.proved", EngineError::fault);
    let epoch = held.epoch;
    journal::forget_now(held.session()?, run, seq, epoch).await?;
    Ok(true)
}

/// Whether a statement that was done left nothing that the schema does not show: a change of the schema, or of the rows of
/// a table that the migration itself made.
fn is_provable(statement: &Statement, dialect: sql::Dialect, before: &Schema, now: &Schema) -> bool {
    match statement.kind {
        StatementKind::Rows => {}
        StatementKind::Session => return true,
        _ => return sql::shows_in_the_schema(dialect, &statement.sql),
    }
    let names = sql::names(dialect, &statement.sql);
    let Some(into) = names.first() else { return false };
    let word = statement.sql.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let is_made_here = !now.only(std::slice::from_ref(into)).tables.is_empty()
        && before.only(std::slice::from_ref(into)).tables.is_empty();
    ["insert", "update", "delete", "replace"].contains(&word.as_str()) && is_made_here
}

/// The schema changes of the down script, when it names nothing but what the migration named.
fn by_down_script(change: &Change<'_>, dialect: sql::Dialect, named: &[String]) -> Option<Vec<String>> {
    let down = change.migration.down.as_ref()?;
    let changes = down.statements.iter().filter(|statement| statement.kind != StatementKind::Rows);
    let mut written: Vec<&str> =
        changes.map(|statement| statement.part.as_ref().map_or(statement.sql.as_str(), |part| &part.of)).collect();
    // What is run as several steps was written as one statement.
    written.dedup();
    let is_ours = |statement: &&str| sql::names(dialect, statement).iter().all(|name| named.contains(name));
    written.iter().all(is_ours).then(|| written.into_iter().map(str::to_owned).collect())
}
