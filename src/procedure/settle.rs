//! What came of a statement that did not come to its end, read before anything is answered.

use super::{
    Assignment, Held, Target,
    apply::Change,
    doubt::{self, Found},
    recover, steps,
};
use crate::{
    engine::{
        EngineError,
        bookkeeping::journal::{self, InFlight, Place},
    },
    model::migration::Statement,
};

/// What is known of a statement that did not come to its end together with its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It did nothing: it was not sent, or the server refused it.
    Nothing,
    /// It took effect, and its mark failed.
    Done,
    /// Nobody knows yet.
    Unknown,
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

/// Reads the truth after a statement failed: the intent of one that did nothing is withdrawn, and one that took effect is
/// marked. A lost session is replaced first.
///
/// # Errors
/// The server's.
pub(super) async fn settle(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
    place: Place,
    came: Came,
) -> Result<Settled, EngineError> {
    let Some(found) = found(target, told, held, place).await? else { return Ok(Settled::at(0)) };
    if found.done || found.statement < place.statement {
        return Ok(Settled::at(if found.done { found.statement } else { found.statement - 1 }));
    }
    let sql = change.place(place.statement as usize - 1).map(|(_, sql)| sql).unwrap_or_default();
    failpoint!("settle.before", EngineError::fault);
    // Where it left something of itself, some of its steps were done, whatever the server said in the end.
    let has_left_something = came != Came::Done && recover::take_out(target, told, held, &sql).await?;
    let seen = match came {
        Came::Done => Found::Done,
        Came::Nothing if !has_left_something => Found::Not,
        _ => doubt::look(target.engine.as_ref(), held.session()?, &found, &sql).await?,
    };
    match seen {
        Found::Unknown(_) => Ok(Settled { done: place.statement - 1, in_doubt: true }),
        Found::Done => {
            steps::is_done(held, place).await?;
            Ok(Settled::at(place.statement))
        }
        Found::Not => {
            let epoch = held.epoch;
            journal::withdraw(held.session()?, place, epoch).await?;
            Ok(Settled::at(place.statement - 1))
        }
    }
}

/// What the journal has of the migration of `place`.
async fn found(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    place: Place,
) -> Result<Option<InFlight>, EngineError> {
    if let Ok(session) = held.session()
        && let Ok(found) = journal::of_migration(session, place).await
    {
        return Ok(found);
    }
    held.replace(target, told).await?;
    journal::of_migration(held.session()?, place).await
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
