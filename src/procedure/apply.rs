//! The two routes of a migration, written once: whole, as one transaction, or statement by statement with a journal.

use ulid::Ulid;

use super::{
    Assignment, Held, Target, cancel,
    evidence::Evidence,
    queue::{self, Queue},
};
use crate::{
    engine::{
        EngineError, StatementError,
        bookkeeping::{
            history,
            journal::{self, Place},
            lock,
        },
    },
    model::{
        migration::{Direction, Migration, Script, Statement, StatementKind},
        plan::Route,
    },
    plan,
};

/// One migration on its way, in one direction.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Up or down.
    pub direction: Direction,
    /// The script of that direction; `None` when there is nothing to run, only to record.
    pub script: Option<&'a Script>,
    /// The run that planned it.
    pub run: Ulid,
    /// Its place in that run.
    pub seq: u32,
    /// Its number in the history.
    pub number: i64,
}

/// What a failed migration left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The target is as it was before the migration.
    AsBefore,
    /// Some statements are done; the journal knows which.
    InFlight {
        /// How many.
        done: u32,
    },
    /// The target could not be asked; the next start reads the truth.
    Unknown,
}

/// A migration failed.
#[derive(Debug)]
pub struct Failed {
    /// The statement, when it was one: its place (`file:line`) and text.
    pub statement: Option<(String, String)>,
    /// Why.
    pub error: EngineError,
    /// What it left.
    pub left: Left,
}

impl Failed {
    fn before(error: EngineError) -> Self {
        Self { statement: None, error, left: Left::AsBefore }
    }

    fn unknown(error: EngineError) -> Self {
        Self { statement: None, error, left: Left::Unknown }
    }
}

impl Change<'_> {
    /// Its statements.
    pub fn statements(&self) -> &[Statement] {
        self.script.map(|script| script.statements.as_slice()).unwrap_or_default()
    }

    /// How it is run on an engine.
    pub fn route(&self, target: &Target) -> Route {
        match self.script {
            Some(script) => plan::route(target.engine.ddl_scope(), self.migration.transactional, script),
            None => Route::Whole,
        }
    }

    /// Where a statement stands: `file:line`.
    pub fn place(&self, index: usize) -> Option<(String, String)> {
        let script = self.script?;
        let statement = script.statements.get(index)?;
        Some((format!("{}:{}", script.file, statement.line), statement.sql.clone()))
    }

    /// The statements that record it.
    fn record(&self, target: &Target) -> [String; 2] {
        match self.direction {
            Direction::Up => history::record_applied(target.engine.words(), self.run, self.seq),
            Direction::Down => history::record_undone(self.run, self.seq, self.number),
        }
    }

    /// Whether the history says that it is done: the truth that is read after any error.
    async fn is_recorded(&self, held: &mut Held) -> Result<bool, EngineError> {
        let session = held.session()?;
        match self.direction {
            Direction::Up => history::is_recorded(session, self.run, self.number).await,
            Direction::Down => Ok(!history::has_number(session, self.number).await?),
        }
    }
}

/// Applies a migration, or takes it back, and records it.
///
/// # Errors
/// [`Failed`], after the truth was read again.
pub async fn apply(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
) -> Result<(), Failed> {
    held.limit(queue::limits(target, Some(change.migration))).await.map_err(Failed::before)?;
    match change.route(target) {
        Route::Whole => {
            let mut queue = Queue::of(target);
            loop {
                let Err(mut failed) = whole(target, told, held, change).await else { return Ok(()) };
                if failed.left != Left::AsBefore || !queue.again(told, held, &mut failed.error).await {
                    return Err(failed);
                }
            }
        }
        Route::Journaled => journaled(target, told, held, evidence, change, 0).await,
    }
}

/// Goes on with a migration whose first `done` statements are done, by its journal, and records it.
///
/// # Errors
/// [`Failed`], after the truth was read again.
pub async fn resume(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
    done: u32,
) -> Result<(), Failed> {
    journaled(target, told, held, evidence, change, done).await
}

/// Everything in one transaction: the fence, the statements, the history rows.
async fn whole(target: &Target, told: &Assignment, held: &mut Held, change: &Change<'_>) -> Result<(), Failed> {
    let fence = lock::fence(target.engine.words(), held.epoch);
    let record = change.record(target);
    let mut texts = vec![fence.as_str()];
    texts.extend(change.statements().iter().map(|statement| statement.sql.as_str()));
    texts.extend(record.iter().map(String::as_str));
    let count = change.statements().len();
    let base = told.progress.now().completed;
    let mut seen = |index: usize| told.progress.update(|p| p.count(base + index.min(count) as u64, p.total));
    let session = held.session().map_err(Failed::before)?;
    let connection = session.connection_id().to_owned();
    let name = change.migration.identity.to_string();
    let work = session.transact(&texts, &mut seen);
    let (outcome, is_cancelled) = cancel::or_stopped(target, told, &connection, &name, work).await;
    let Err(failed) = outcome else { return Ok(()) };
    told.progress.update(|progress| progress.count(base, progress.total));
    match truth(target, told, held, change).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failed {
            statement: failed.index.checked_sub(1).and_then(|index| change.place(index)),
            error: if is_cancelled { EngineError::Cancelled } else { fenced(failed, held.epoch) },
            left: Left::AsBefore,
        }),
        Err(fenced @ EngineError::Fenced { .. }) => Err(Failed::unknown(fenced)),
        Err(_) => Err(Failed::unknown(failed.error)),
    }
}

/// The fence is the first statement of every transaction; its failure has one meaning.
fn fenced(failed: StatementError, ours: i64) -> EngineError {
    match failed.error {
        EngineError::Refused { .. } if failed.index == 0 => EngineError::Fenced { ours },
        error => error,
    }
}

/// Whether the change is recorded after all; a lost session is replaced first.
async fn truth(target: &Target, told: &Assignment, held: &mut Held, change: &Change<'_>) -> Result<bool, EngineError> {
    if let Ok(recorded) = change.is_recorded(held).await {
        return Ok(recorded);
    }
    held.replace(target, told).await?;
    change.is_recorded(held).await
}

/// Statement by statement, each with its row in the journal; then the history rows.
async fn journaled(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
    done: u32,
) -> Result<(), Failed> {
    let base = told.progress.now().completed;
    for (number, (index, statement)) in (1_u32..).zip(change.statements().iter().enumerate()) {
        if number <= done && statement.kind != StatementKind::Session {
            continue;
        }
        if told.is_stopping() && number > 1 {
            let left = Left::InFlight { done: number - 1 };
            return Err(Failed { statement: None, error: EngineError::Cancelled, left });
        }
        if let Some((place, _)) = change.place(index) {
            told.progress.update(|p| p.statement = Some(place));
        }
        let place = Place { run: change.run, seq: change.seq, statement: number };
        let limits = queue::limits_of(target, change.migration, statement);
        held.limit(limits).await.map_err(|error| Failed { left: left_of(number - 1), ..Failed::before(error) })?;
        let mut queue = Queue::of(target);
        loop {
            let connection = held.session().map(|session| session.connection_id().to_owned()).unwrap_or_default();
            let work = one(target, held, evidence, statement, place);
            let what = format!("statement {number} of {}", change.migration.identity);
            let (outcome, is_cancelled) = cancel::or_stopped(target, told, &connection, &what, work).await;
            let Err(mut error) = outcome else { break };
            let done = super::recover::settle(target, told, held, place, (&statement.sql, &error)).await;
            if is_cancelled && !matches!(error, EngineError::Lost { .. }) {
                error = EngineError::Cancelled;
            }
            if let Err(EngineError::Fenced { ours }) = done {
                error = EngineError::Fenced { ours };
            }
            if done.as_ref().ok() != Some(&number) {
                let is_untouched = done.is_ok() && queue::is_untouched(held, place).await;
                if is_untouched && queue.again(told, held, &mut error).await {
                    continue;
                }
                return Err(Failed { statement: change.place(index), error, left: left_after(&done) });
            }
            told.warning(format!("statement {number} lost its answer and took effect: {error}"));
            break;
        }
        told.progress.update(|p| p.count(base + u64::from(number), p.total));
    }
    let all = u32::try_from(change.statements().len()).unwrap_or(u32::MAX);
    finish(target, told, held, change).await.map_err(|error| Failed { statement: None, error, left: left_of(all) })
}

/// One statement with its mark.
async fn one(
    target: &Target,
    held: &mut Held,
    evidence: &mut Evidence,
    statement: &Statement,
    place: Place,
) -> Result<(), EngineError> {
    let epoch = held.epoch;
    let session = held.session()?;
    match statement.kind {
        StatementKind::Rows => {
            let fence = lock::fence(target.engine.words(), epoch);
            let mark = journal::add_done(place, epoch);
            let texts = [fence.as_str(), statement.sql.as_str(), mark.as_str()];
            session.transact(&texts, &mut |_| ()).await.map_err(|failed| fenced(failed, epoch))
        }
        StatementKind::Session | StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback => {
            session.execute(&statement.sql).await.map(drop).map_err(|failed| failed.error)
        }
        StatementKind::TransactionalDdl | StatementKind::ImplicitCommit | StatementKind::OutsideTransaction => {
            let before = evidence.before(session, target.engine.dialect(), &statement.sql).await?;
            journal::intend(session, place, epoch, &statement.sql, Some(&before)).await?;
            session.execute(&statement.sql).await.map_err(|failed| failed.error)?;
            journal::mark_done(session, place, epoch).await
        }
    }
}

/// What a failed statement left, by how many statements the journal knows as done.
fn left_after(done: &Result<u32, EngineError>) -> Left {
    done.as_ref().map_or(Left::Unknown, |done| left_of(*done))
}

fn left_of(done: u32) -> Left {
    if done == 0 { Left::AsBefore } else { Left::InFlight { done } }
}

/// The history rows of a journaled migration, in one transaction that also empties its journal.
async fn finish(target: &Target, told: &Assignment, held: &mut Held, change: &Change<'_>) -> Result<(), EngineError> {
    let fence = lock::fence(target.engine.words(), held.epoch);
    let [first, second] = change.record(target);
    let forget = journal::forget(change.run, change.seq);
    let texts = [fence.as_str(), first.as_str(), second.as_str(), forget.as_str()];
    let epoch = held.epoch;
    let Err(failed) = held.session()?.transact(&texts, &mut |_| ()).await else { return Ok(()) };
    match truth(target, told, held, change).await {
        Ok(true) => Ok(()),
        Err(fenced @ EngineError::Fenced { .. }) => Err(fenced),
        _ => Err(fenced(failed, epoch)),
    }
}
