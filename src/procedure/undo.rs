//! Undoing the part of a migration that was done, where the schema itself proves that it worked.

use super::{Assignment, Held, Target, apply::Change, evidence::Evidence};
use crate::{
    engine::{
        EngineError,
        bookkeeping::{
            journal::{self, InFlight, Place},
            undoing::{self, Undoing},
        },
    },
    model::{
        migration::{Statement, StatementKind},
        schema::Schema,
    },
    sql,
};

/// What came of taking a migration back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Everything it names is exactly what it was before it; the journal has forgotten it.
    Wholly,
    /// Nothing was tried: what it did cannot be proven to be undone.
    NotTried,
    /// Something else is there now than before it; the journal says so.
    Otherwise,
}

/// Tries to take back the first `done` statements of a migration: by taking out what they added, else by its down script.
///
/// Only schema changes are taken back, and rows that went into tables the migration made: what statements did to other
/// rows cannot be proven by the schema. The proof is that everything named is afterwards exactly what it was before. What
/// is to be run is written down first, so that whoever is interrupted in it is finished by the next run.
///
/// # Errors
/// The server's; the next run goes on with it.
pub async fn undo(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &Evidence,
    change: &Change<'_>,
    done: u32,
) -> Result<Undone, EngineError> {
    let (named, before) = evidence.of_migration();
    let now = held.session()?.schema(None).await?.only(named);
    let dialect = target.engine.dialect();
    let statements = &change.statements()[..(done as usize).min(change.statements().len())];
    if !statements.iter().all(|statement| is_provable(statement, dialect, before, &now)) {
        return Ok(Undone::NotTried);
    }
    let by_schema = target.engine.undoing(before, &now);
    let Some(back) = by_schema.or_else(|| by_down_script(change, dialect, named)) else {
        return Ok(Undone::NotTried);
    };
    let fingerprint = before.only(named).fingerprint();
    let undoing = Undoing { statements: back, named: named.to_vec(), fingerprint };
    told.warning(format!("taking back the {done} statements of {} that were done", change.migration.identity));
    failpoint!("undo.before", EngineError::from);
    let place = Place { run: change.run, seq: change.seq, statement: done + 1 };
    let epoch = held.epoch;
    match undoing::begin(held.session()?, place, epoch, &undoing).await {
        Ok(()) => run(held, place, &undoing).await,
        // Too long for its column, mostly.
        Err(EngineError::Refused { .. }) => Ok(Undone::NotTried),
        Err(error) => Err(error),
    }
}

/// Goes on with what was interrupted; nothing more is known of a migration whose row cannot be read.
///
/// # Errors
/// The server's.
pub async fn go_on(held: &mut Held, found: &InFlight) -> Result<Undone, EngineError> {
    let place = Place { run: found.run, seq: found.seq, statement: found.statement };
    match undoing::read(held.session()?, place).await? {
        Some(undoing) => run(held, place, &undoing).await,
        None => Ok(Undone::Otherwise),
    }
}

async fn run(held: &mut Held, place: Place, undoing: &Undoing) -> Result<Undone, EngineError> {
    let is_back = async |held: &mut Held| -> Result<bool, EngineError> {
        let now = held.session()?.schema(None).await?.only(&undoing.named);
        Ok(now.fingerprint() == undoing.fingerprint)
    };
    if !is_back(held).await? {
        for sql in &undoing.statements {
            failpoint!("undo.statement");
            // What is refused may concern what was never made: what counts is what is there afterwards.
            if let Err(refused) = held.session()?.execute(sql).await
                && matches!(refused.error, EngineError::Lost { .. })
            {
                return Err(refused.error);
            }
        }
        if !is_back(held).await? {
            return Ok(Undone::Otherwise);
        }
    }
    failpoint!("undo.proved", EngineError::from);
    let epoch = held.epoch;
    journal::forget_now(held.session()?, place.run, place.seq, epoch).await?;
    Ok(Undone::Wholly)
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
