//! What an interrupted migration left is read from the journal and decided by evidence; a person is asked only where there
//! is none.

use super::{
    Assignment, Held, Target,
    apply::{self, Change, Failed},
    backfill,
    doubt::{self, Found},
    evidence::Evidence,
    steps, undo,
};
use crate::{
    engine::{
        EngineError,
        bookkeeping::journal::{self, InFlight, Place},
    },
    model::{
        catalog::Catalog,
        finding::Finding,
        migration::{Direction, Migration, Statement},
        order::InDoubt,
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
    /// Nothing tells whether its statement took effect.
    InDoubt {
        /// The migration's identity.
        migration: String,
        /// The statement: its place (`file:line`) and text.
        statement: (String, String),
        /// Why nothing tells.
        why: &'static str,
    },
    /// It failed again.
    Failed(String, Box<Failed>),
}

impl From<EngineError> for Stuck {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// What it is when it was being taken back, and what is there is not what was there before it.
const NOT_TAKEN_BACK: &str = "what was done of it could not be taken back";

/// A migration that was finished after all.
#[derive(Debug)]
pub struct Recovered {
    /// Its identity.
    pub migration: String,
    /// The statement that was taken for done because something it names had changed: its place.
    pub unverified: Option<String>,
}

impl Recovered {
    /// What a run tells of it.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let finished = format!("{} was interrupted, and is finished now", self.migration);
        let mut found = vec![Finding::info("recovered", self.migration.clone(), finished)];
        if let Some(place) = &self.unverified {
            found.push(unverified(
                place,
                "something it names is not as it was before it; somebody else may have changed it",
            ));
        }
        found
    }
}

/// What is told of a statement that is taken for done, when what it should have left is not known.
pub(super) fn unverified(place: &str, why: &str) -> Finding {
    let message = format!("recovered (unverified): it was interrupted, and is taken for done: {why}");
    Finding::warning("recovered-unverified", place, message)
        .remedy("look at what it names; windlass validate compares it with what comes later")
}

/// Finishes a migration that was interrupted; gives nothing when none was. `answer` is what a person says about a statement
/// that nothing else tells about.
///
/// # Errors
/// [`Stuck`]; the target is as it was found.
pub async fn recover(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    catalog: &Catalog,
    answer: Option<InDoubt>,
) -> Result<Option<Recovered>, Stuck> {
    let Some(found) = journal::unfinished(held.session()?).await? else { return Ok(None) };
    let migration = catalog.migrations.iter().find(|m| m.identity.to_string() == found.name);
    let Some(migration) = migration else {
        return Err(Stuck::Changed { migration: found.name, what: "the catalog no longer has it".to_owned() });
    };
    let change = change_of(migration, &found)?;
    failpoint!("recover.found", EngineError::fault);
    if let Some(undoing) = &found.undoing {
        if undo::go_on(told, held, &found, undoing).await? {
            return Ok(None);
        }
        return Err(Stuck::Changed { migration: found.name, what: NOT_TAKEN_BACK.to_owned() });
    }
    told.step(format!("finishing {}", found.name));
    let at =
        if found.is_backfill { "in its backfill".to_owned() } else { format!("at its statement {}", found.statement) };
    told.warning(format!("{} was interrupted {at}; finishing it", found.name));
    let decided = decide(target, told, held, &found, &change, answer).await?;
    failpoint!("recover.decided", EngineError::fault);
    let epoch = held.epoch;
    journal::renew(held.session()?, found.run, found.seq, &migration.checksum, epoch).await?;
    apply::resume(target, told, held, evidence, &change, decided.from)
        .await
        .map_err(|failed| Stuck::Failed(found.name.clone(), Box::new(failed)))?;
    failpoint!("recover.after", EngineError::fault);
    told.info(format!("{} is finished", found.name));
    Ok(Some(Recovered { migration: found.name, unverified: decided.unverified }))
}

/// Where an interrupted migration goes on.
struct Decided {
    from: apply::From,
    unverified: Option<String>,
}

impl Decided {
    fn behind(done: u32) -> Self {
        Self { from: apply::From { done, again: false }, unverified: None }
    }
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
    let backfill = migration.backfill.as_ref().filter(|_| found.direction == Direction::Up);
    Ok(Change {
        migration,
        direction: found.direction,
        script: Some(script),
        backfill,
        run: found.run,
        seq: found.seq,
        number,
    })
}

/// How many statements are done, by the journal and by what there is to see of the statement that was interrupted.
async fn decide(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    found: &InFlight,
    change: &Change<'_>,
    answer: Option<InDoubt>,
) -> Result<Decided, Stuck> {
    let changed = |what: &str| Stuck::Changed { migration: found.name.clone(), what: what.to_owned() };
    if found.is_backfill {
        let what = backfill::may_go_on(held, found, change).await?;
        return what.map_or(Ok(Decided::behind(found.statement - 1)), |what| Err(changed(what)));
    }
    if change.statements().len() < found.statement as usize {
        return Err(changed("it has fewer statements than were run"));
    }
    if found.done {
        return Ok(Decided::behind(found.statement));
    }
    let index = found.statement as usize - 1;
    let (place, sql) = change.place(index).unwrap_or_default();
    if found.sql_sha256.as_deref() != Some(&journal::sha256(&sql)) {
        return Err(changed("the statement that was interrupted was changed"));
    }
    take_out(target, told, held, &sql).await?;
    let look = doubt::look(target.engine.as_ref(), held.session()?, found, &sql).await?;
    failpoint!("recover.seen", EngineError::fault);
    let look = if ablated!("evidence") { Found::Not } else { look };
    let is_done = match (look, answer) {
        (Found::Done, _) | (Found::Unknown(_), Some(InDoubt::Done)) => true,
        (Found::Not, _) | (Found::Unknown(_), Some(InDoubt::Redo)) => false,
        (Found::Unknown(why), None) => {
            return Err(Stuck::InDoubt { migration: found.name.clone(), statement: (place, sql), why });
        }
    };
    if is_done {
        steps::is_done(held, place_of(found)).await?;
        told.warning(format!(
            "{place}: recovered (unverified): something it names is not as it was before it, so it is taken for done; \
             what it should have left is not known"
        ));
        let unverified = Some(place).filter(|_| look == Found::Done);
        return Ok(Decided { unverified, ..Decided::behind(found.statement) });
    }
    let epoch = held.epoch;
    journal::withdraw(held.session()?, place_of(found), epoch).await?;
    told.info(format!("{place}: it did not take effect, or may be run twice; it is run again"));
    Ok(Decided { from: apply::From { done: found.statement - 1, again: true }, unverified: None })
}

/// Takes out, or finishes, what a statement that was interrupted left of itself: it is neither done nor not begun.
pub(super) async fn take_out(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    sql: &str,
) -> Result<(), EngineError> {
    let session = held.session()?;
    for statement in target.engine.remains(session, sql).await? {
        told.warning(format!("what an earlier attempt left half done is put right first: {statement}"));
        session.execute(&statement).await.map_err(|failed| failed.error)?;
    }
    Ok(())
}

fn place_of(found: &InFlight) -> Place {
    Place { run: found.run, seq: found.seq, statement: found.statement }
}

/// What is left of a migration after one of its statements failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// How many of its statements are done.
    pub done: u32,
    /// Nothing tells whether the next one took effect.
    pub in_doubt: bool,
}

impl Settled {
    pub(super) fn at(done: u32) -> Self {
        Self { done, in_doubt: false }
    }
}

/// Reads the truth after a statement failed: an intent that changed nothing is withdrawn, with the parts of the same
/// statement before it; and one whose answer was lost and that did take effect is marked. A lost session is replaced first.
///
/// # Errors
/// The server's.
pub(super) async fn settle(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
    place: Place,
    error: &EngineError,
) -> Result<Settled, EngineError> {
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
    let Some(found) = found else { return Ok(Settled::at(0)) };
    if found.done || found.statement < place.statement {
        return Ok(Settled::at(if found.done { found.statement } else { found.statement - 1 }));
    }
    let sql = change.place(place.statement as usize - 1).map(|(_, sql)| sql).unwrap_or_default();
    failpoint!("settle.before", EngineError::fault);
    take_out(target, told, held, &sql).await?;
    let is_refused = matches!(error, EngineError::Refused { .. });
    match doubt::look(target.engine.as_ref(), held.session()?, &found, &sql).await? {
        Found::Unknown(_) => Ok(Settled { done: place.statement - 1, in_doubt: true }),
        Found::Done if !is_refused => {
            steps::is_done(held, place).await?;
            Ok(Settled::at(place.statement))
        }
        // Refused, it did nothing, whoever changed what it names.
        Found::Done | Found::Not => {
            let epoch = held.epoch;
            journal::withdraw(held.session()?, place, epoch).await?;
            if matches!(error, EngineError::Blocked { .. }) {
                return Ok(Settled::at(place.statement - 1));
            }
            take_parts_back(target, held, change, place).await.map(Settled::at)
        }
    }
}

/// Takes back the parts of a statement whose next part was refused, newest first; gives how many statements are done then.
/// Each is in doubt while it is taken back, so that the next run reads the truth wherever this one is interrupted.
pub(super) async fn take_parts_back(
    target: &Target,
    held: &mut Held,
    change: &Change<'_>,
    refused: Place,
) -> Result<u32, EngineError> {
    let epoch = held.epoch;
    let mut done = refused.statement - 1;
    let whole =
        change.statements().get(done as usize).and_then(|refused| refused.part.as_ref().map(|p| (refused.line, &p.of)));
    while let Some(part) = done.checked_sub(1).and_then(|index| change.statements().get(index as usize)) {
        let undo = part.part.as_ref().filter(|p| whole == Some((part.line, &p.of))).and_then(|p| p.undo.clone());
        let Some(undo) = undo else { break };
        let place = Place { statement: done, ..refused };
        journal::doubt(held.session()?, place, epoch).await?;
        failpoint!("parts.doubted", EngineError::fault);
        // What counts is what is there afterwards.
        let undo = change.sql(&Statement { sql: undo, ..part.clone() });
        if let Err(failed) = held.session()?.execute(&undo).await
            && matches!(failed.error, EngineError::Lost { .. })
        {
            return Err(failed.error);
        }
        let Some(found) = journal::of_migration(held.session()?, place).await? else { break };
        if doubt::look(target.engine.as_ref(), held.session()?, &found, &change.sql(part)).await? != Found::Not {
            steps::is_done(held, place).await?;
            break;
        }
        failpoint!("parts.undone", EngineError::fault);
        journal::withdraw(held.session()?, place, epoch).await?;
        done -= 1;
    }
    Ok(done)
}
