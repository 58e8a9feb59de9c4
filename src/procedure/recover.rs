//! What an interrupted migration left is read from the journal and decided by evidence; a person is asked only where there
//! is none.

use super::{
    Assignment, Held, Target,
    apply::{self, Change, Failed},
    backfill,
    doubt::{self, Found},
    evidence::Evidence,
    queue, steps, undo,
};
use crate::{
    engine::{
        EngineError,
        bookkeeping::{
            journal::{self, InFlight, Place},
            undoing,
        },
    },
    model::{
        catalog::Catalog,
        finding::Finding,
        migration::{Direction, Migration},
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
    /// It was being taken back, and what is there is not what was before it.
    HalfBack {
        /// The migration's identity.
        migration: String,
    },
    /// It failed again.
    Failed(String, Box<Failed>),
}

impl Stuck {
    /// Whether that is because somebody asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        match self {
            Self::Engine(error) => matches!(error, EngineError::Cancelled),
            Self::Failed(_, failed) => matches!(failed.error, EngineError::Cancelled),
            _ => false,
        }
    }
}

impl From<EngineError> for Stuck {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

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
    if let Some(way) = &found.undoing {
        let (is_back, epoch) = (undo::go_on(target, told, held, &found, way).await?, held.epoch);
        return match answer {
            _ if is_back => Ok(None),
            None => Err(Stuck::HalfBack { migration: found.name }),
            Some(InDoubt::Redo) => {
                Ok(journal::forget_now(held.session()?, found.run, found.seq, epoch).await.map(|()| None)?)
            }
            Some(InDoubt::Done) => {
                undoing::give_up(held.session()?, found.run, found.seq, epoch).await?;
                Box::pin(recover(target, told, held, evidence, catalog, None)).await
            }
        };
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
    failpoint!("recover.after");
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

/// Takes out, or finishes, what a statement that was interrupted left of itself: it is neither done nor not begun. True when
/// there was something.
pub(super) async fn take_out(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    sql: &str,
) -> Result<bool, EngineError> {
    let remains = target.engine.remains(held.session()?, sql).await?;
    for statement in &remains {
        told.warning(format!("what an earlier attempt left half done is put right first: {statement}"));
        queue::execute(target, told, held, statement).await?;
    }
    Ok(!remains.is_empty())
}

fn place_of(found: &InFlight) -> Place {
    Place { run: found.run, seq: found.seq, statement: found.statement }
}
