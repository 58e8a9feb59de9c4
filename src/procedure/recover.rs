//! What an interrupted migration left is read from the journal and decided by evidence, never by a person.

use super::{
    Assignment, Held, Target,
    apply::{self, Change, Failed},
    evidence::Evidence,
};
use crate::{
    engine::{
        EngineError,
        bookkeeping::journal::{self, InFlight, Place},
    },
    model::{
        catalog::Catalog,
        migration::{Direction, Migration},
    },
};

/// Why an interrupted migration cannot be finished by itself.
#[derive(Debug)]
pub enum Stuck {
    /// The target could not be asked.
    Engine(EngineError),
    /// The catalog no longer has it, or has it otherwise.
    Changed {
        /// The migration's identity.
        migration: String,
        /// What is not as it was.
        what: String,
    },
    /// It failed again.
    Failed(String, Box<Failed>),
}

impl From<EngineError> for Stuck {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// Finishes a migration that was interrupted; gives its identity, or nothing when none was.
///
/// # Errors
/// [`Stuck`]; the target is as it was found.
pub async fn recover(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    catalog: &Catalog,
) -> Result<Option<String>, Stuck> {
    let Some(found) = journal::unfinished(held.session()?).await? else { return Ok(None) };
    let migration = catalog.migrations.iter().find(|m| m.identity.to_string() == found.name);
    let Some(migration) = migration else {
        return Err(Stuck::Changed { migration: found.name, what: "the catalog no longer has it".to_owned() });
    };
    let change = change_of(migration, &found)?;
    failpoint!("recover.found", EngineError::from);
    told.step(format!("finishing {}", found.name));
    told.warning(format!("{} was interrupted at its statement {}; finishing it", found.name, found.statement));
    let done = decide(target, held, &found, &change).await?;
    failpoint!("recover.decided", EngineError::from);
    journal::renew(held.session()?, found.run, found.seq, &migration.checksum).await?;
    apply::resume(target, told, held, evidence, &change, done)
        .await
        .map_err(|failed| Stuck::Failed(found.name.clone(), Box::new(failed)))?;
    failpoint!("recover.after", EngineError::from);
    told.info(format!("{} is finished", found.name));
    Ok(Some(found.name))
}

fn change_of<'a>(migration: &'a Migration, found: &InFlight) -> Result<Change<'a>, Stuck> {
    let script = match found.direction {
        Direction::Up => Some(&migration.up),
        Direction::Down => migration.down.as_ref(),
    };
    let changed = |what: &str| Stuck::Changed { migration: found.name.clone(), what: what.to_owned() };
    let script = script.ok_or_else(|| changed("its down script is gone"))?;
    let number = match found.direction {
        Direction::Up => found.number,
        Direction::Down => found.number + 1,
    };
    Ok(Change { migration, direction: found.direction, script: Some(script), run: found.run, seq: found.seq, number })
}

/// How many statements are done: an intent is decided by whether the schema it names is as it was before it.
async fn decide(target: &Target, held: &mut Held, found: &InFlight, change: &Change<'_>) -> Result<u32, Stuck> {
    if found.done {
        return Ok(found.statement);
    }
    let changed = |what: &str| Stuck::Changed { migration: found.name.clone(), what: what.to_owned() };
    let index = found.statement as usize - 1;
    let statement = change.statements().get(index).ok_or_else(|| changed("it has fewer statements than were run"))?;
    if found.sql_sha256.as_deref() != Some(&journal::sha256(&statement.sql)) {
        return Err(changed("the statement that was interrupted was changed"));
    }
    let now = now(target, held, &statement.sql).await?;
    if ablated!("evidence") {
        journal::withdraw(held.session()?, place_of(found)).await?;
        return Ok(found.statement - 1);
    }
    if found.fingerprint_before.as_deref() == Some(now.as_str()) {
        failpoint!("recover.withdraw", EngineError::from);
        journal::withdraw(held.session()?, place_of(found)).await?;
        Ok(found.statement - 1)
    } else {
        failpoint!("recover.mark", EngineError::from);
        held.session()?.write(&journal::mark_done(place_of(found)), &[]).await?;
        Ok(found.statement)
    }
}

/// The scoped fingerprint now. What an interrupted statement left of itself (an invalid index) is taken out first: it is
/// neither done nor not begun.
async fn now(target: &Target, held: &mut Held, sql: &str) -> Result<String, EngineError> {
    let dialect = target.engine.dialect();
    let session = held.session()?;
    let found = Evidence::now(session, dialect, sql).await?;
    let remains = target.engine.remains(&found);
    for statement in &remains {
        session.execute(statement).await.map_err(|failed| failed.error)?;
    }
    let after = if remains.is_empty() { found } else { Evidence::now(session, dialect, sql).await? };
    Ok(after.fingerprint())
}

fn place_of(found: &InFlight) -> Place {
    Place { run: found.run, seq: found.seq, statement: found.statement }
}

/// Reads the truth after a statement failed: an intent that changed nothing is withdrawn, and one whose connection was lost
/// and that did take effect is marked. Gives how many statements of the migration are done. A lost session is replaced first.
///
/// # Errors
/// The server's.
pub(super) async fn settle(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    place: Place,
    failed: (&str, &EngineError),
) -> Result<u32, EngineError> {
    let (sql, error) = failed;
    let read = match held.session() {
        Ok(session) => journal::of_migration(session, place).await,
        Err(lost) => Err(lost),
    };
    let found = if let Ok(found) = read {
        found
    } else {
        held.replace(target, told).await?;
        journal::of_migration(held.session()?, place).await?
    };
    let Some(found) = found else { return Ok(0) };
    if found.done || found.statement < place.statement {
        return Ok(if found.done { found.statement } else { found.statement - 1 });
    }
    failpoint!("settle.before", EngineError::from);
    let now = now(target, held, sql).await?;
    failpoint!("settle.seen", EngineError::from);
    if found.fingerprint_before.as_deref() == Some(now.as_str()) {
        journal::withdraw(held.session()?, place).await?;
    } else if matches!(error, EngineError::Lost { .. }) {
        held.session()?.write(&journal::mark_done(place), &[]).await?;
        return Ok(place.statement);
    }
    Ok(place.statement - 1)
}
