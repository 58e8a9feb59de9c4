//! Undoing the part of a migration that was done, where the schema itself proves that it worked.

use ulid::Ulid;

use super::{Assignment, Held, Target, apply::Change, cancel, course, evidence::Evidence, proof::Proof, queue};
use crate::engine::{
    EngineError,
    bookkeeping::{
        journal::{self, InFlight},
        undoing::{self, Undoing},
    },
};

/// What came of taking a migration back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Everything is as it was before it.
    Back,
    /// Nothing was done: it could not have been proven, or it changed nothing.
    Not,
    /// What is there is neither what was before it nor what it had done.
    Half,
}

/// Tries to take back the first `done` statements of a migration: by taking out what they added, else by its down script.
///
/// Only schema changes are taken back that have left everything that was stored where it was, and rows that went into tables
/// the migration made: what else statements did to rows cannot be proven by the schema. The proof is that everything named
/// is afterwards exactly what it was before. The journal then forgets the migration.
///
/// # Errors
/// The server's; whoever comes next goes on with it.
pub async fn undo(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &Evidence,
    change: &Change<'_>,
    done: u32,
) -> Result<Undone, EngineError> {
    let (named, before) = evidence.of_migration();
    let all = held.session()?.schema(None).await?;
    let done = &change.statements()[..(done as usize).min(change.statements().len())];
    let proof = Proof::of(target.engine.dialect(), (named, before), &all, change, done);
    let Some(proof) = proof else { return Ok(Undone::Not) };
    let by_schema = target.engine.undoing(before, proof.now());
    let Some(back) = by_schema.or_else(|| proof.down_script(change)) else { return Ok(Undone::Not) };
    told.warning(format!("taking back the {} statements of {} that were done", done.len(), change.migration.identity));
    let fingerprint = before.only(named).fingerprint();
    let undoing = Undoing { statements: back, named: named.to_vec(), fingerprint, is_stuck: false };
    let epoch = held.epoch;
    undoing::begin(held.session()?, change.run, change.seq, epoch, &undoing).await?;
    if take_back(target, told, held, (change.run, change.seq), &undoing).await? {
        return Ok(Undone::Back);
    }
    if held.session()?.schema(None).await?.only(named).fingerprint() == proof.now().fingerprint() {
        undoing::give_up(held.session()?, change.run, change.seq, epoch).await?;
        return Ok(Undone::Not);
    }
    undoing::is_stuck(held.session()?, change.run, change.seq, epoch).await?;
    Ok(Undone::Half)
}

/// Goes on with what was begun before a crash. True when the migration is taken back.
///
/// # Errors
/// The server's.
pub async fn go_on(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    found: &InFlight,
    undoing: &Undoing,
) -> Result<bool, EngineError> {
    told.warning(format!("{} failed and was being taken back; going on with that", found.name));
    let is_back = take_back(target, told, held, (found.run, found.seq), undoing).await?;
    if !is_back {
        let epoch = held.epoch;
        undoing::is_stuck(held.session()?, found.run, found.seq, epoch).await?;
    }
    Ok(is_back)
}

/// Runs the statements, and believes them only when all that was named is as it was; the journal then forgets the migration.
async fn take_back(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    (run, seq): (Ulid, u32),
    undoing: &Undoing,
) -> Result<bool, EngineError> {
    failpoint!("undo.before", EngineError::fault);
    held.limit(queue::limits(target, None)).await?;
    for sql in &undoing.statements {
        failpoint!("undo.statement");
        course::by_itself(told, "taking back", sql);
        let connection = held.session()?.connection_id().to_owned();
        let work = queue::execute(target, told, held, sql);
        let (ran, is_stopped) = cancel::or_stopped(target, told, &connection, "what takes it back", work).await;
        match ran.map_err(|error| cancel::cause(error, is_stopped)) {
            // What is refused may concern what was never made: what counts is what is there afterwards.
            Ok(()) | Err(EngineError::Refused { .. }) => {}
            Err(error) => return Err(error),
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
