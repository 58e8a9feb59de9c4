//! The two routes of a migration, written once: whole, as one transaction, or statement by statement with a journal.

use std::time::Duration;

use ulid::Ulid;

use super::{Assignment, Held, Target, evidence::Evidence};
use crate::{
    engine::{
        EngineError, Limits, StatementError,
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

/// After this time a statement that goes on although it was cancelled is cancelled again.
const CANCEL_AGAIN_MS: u64 = 250;

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
    /// Another run has taken over; what there is now is that run's.
    Overtaken,
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

    /// The truth could not be read, because of `why`, or is another run's.
    fn unread(error: EngineError, why: EngineError) -> Self {
        match why {
            EngineError::Fenced { .. } => Self { statement: None, error: why, left: Left::Overtaken },
            _ => Self { statement: None, error, left: Left::Unknown },
        }
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
    ready(target, told, held, change, Left::AsBefore).await?;
    match change.route(target) {
        Route::Whole => whole(target, told, held, change).await,
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
    let left = if done == 0 { Left::AsBefore } else { Left::InFlight { done } };
    ready(target, told, held, change, left).await?;
    journaled(target, told, held, evidence, change, done).await
}

/// Sets the migration's limits; where that fails, `left` is still so, unless the session went away and was overtaken.
async fn ready(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
    left: Left,
) -> Result<(), Failed> {
    let Err(error) = held.limit(limits(target, change.migration)).await else { return Ok(()) };
    Err(match truth(target, told, held, change).await {
        Ok(_) => Failed { statement: None, error, left },
        Err(why) => Failed::unread(error, why),
    })
}

fn limits(target: &Target, migration: &Migration) -> Limits {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let run = &target.config.run;
    let longest = Some(ms(run.statement_timeout)).filter(|&limit| limit > 0);
    Limits {
        lock_timeout_ms: migration.lock_timeout_ms.or(Some(ms(run.lock_timeout))),
        statement_timeout_ms: migration.statement_timeout_ms.or(longest),
    }
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
    let mut seen = |index: usize| {
        failpoint!("whole.reply");
        told.progress.update(|p| p.count(base + index.min(count) as u64, p.total));
    };
    failpoint!("whole.before", |fault: crate::failpoint::Fault| Failed::before(fault.into()));
    let session = held.session().map_err(Failed::before)?;
    let connection = session.connection_id().to_owned();
    let mut is_cancelled = false;
    let outcome = {
        let mut work = session.transact(&texts, &mut seen);
        tokio::select! {
            outcome = &mut work => outcome,
            () = told.stop_now() => {
                is_cancelled = true;
                told.warning(format!("stopping {} at once: it is rolled back", change.migration.identity));
                loop {
                    if let Err(error) = target.engine.cancel(&connection).await {
                        told.warning(format!("it could not be stopped and runs to its end: {error}"));
                        break work.await;
                    }
                    // A cancel between two statements hits nothing.
                    tokio::select! {
                        outcome = &mut work => break outcome,
                        () = tokio::time::sleep(Duration::from_millis(CANCEL_AGAIN_MS)) => {}
                    }
                }
            }
        }
    };
    failpoint!("whole.after");
    let Err(failed) = outcome else { return Ok(()) };
    told.progress.update(|progress| progress.count(base, progress.total));
    match truth(target, told, held, change).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let statement = failed.index.checked_sub(1).and_then(|index| change.place(index));
            let error = if is_cancelled { EngineError::Cancelled } else { fenced(failed, held.epoch) };
            let is_overtaken = matches!(error, EngineError::Fenced { .. });
            Err(Failed { statement, error, left: if is_overtaken { Left::Overtaken } else { Left::AsBefore } })
        }
        Err(why) => Err(Failed::unread(failed.error, why)),
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
    failpoint!("truth.lost", EngineError::from);
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
        if let Err(error) = one(target, held, evidence, statement, place).await {
            if matches!(error, EngineError::Fenced { .. }) {
                return Err(Failed { statement: None, error, left: Left::Overtaken });
            }
            let done = super::recover::settle(target, told, held, place, (&statement.sql, &error)).await;
            match done {
                Ok(done) if done == number => {}
                Ok(0) => return Err(Failed { statement: change.place(index), error, left: Left::AsBefore }),
                Ok(done) => {
                    return Err(Failed { statement: change.place(index), error, left: Left::InFlight { done } });
                }
                Err(why) => return Err(Failed::unread(error, why)),
            }
            told.warning(format!("statement {number} lost its answer and took effect: {error}"));
        }
        told.progress.update(|p| p.count(base + u64::from(number), p.total));
    }
    let all = u32::try_from(change.statements().len()).unwrap_or(u32::MAX);
    finish(target, told, held, change).await.map_err(|error| Failed {
        statement: None,
        left: match error {
            EngineError::Fenced { .. } => Left::Overtaken,
            _ if all == 0 => Left::AsBefore,
            _ => Left::InFlight { done: all },
        },
        error,
    })
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
            failpoint!("rows.before", EngineError::from);
            let mut seen = |_| {
                failpoint!("rows.reply");
            };
            if ablated!("mark-within") {
                session.transact(&texts[..2], &mut seen).await.map_err(|failed| fenced(failed, epoch))?;
                return session.transact(&texts[2..], &mut seen).await.map_err(|failed| failed.error);
            }
            session.transact(&texts, &mut seen).await.map_err(|failed| fenced(failed, epoch))?;
            failpoint!("rows.after", EngineError::from);
            Ok(())
        }
        StatementKind::Session | StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback => {
            session.execute(&statement.sql).await.map(drop).map_err(|failed| failed.error)
        }
        StatementKind::TransactionalDdl | StatementKind::ImplicitCommit | StatementKind::OutsideTransaction => {
            let before = evidence.before(session, target.engine.dialect(), &statement.sql).await?;
            failpoint!("intent.before", EngineError::from);
            journal::intend(session, place, epoch, &statement.sql, Some(&before)).await?;
            failpoint!("intent.after", EngineError::from);
            session.execute(&statement.sql).await.map_err(|failed| failed.error)?;
            failpoint!("done.before", EngineError::from);
            session.write(&journal::mark_done(place), &[]).await?;
            failpoint!("done.after", EngineError::from);
            Ok(())
        }
    }
}

/// The history rows of a journaled migration, in one transaction that also empties its journal.
async fn finish(target: &Target, told: &Assignment, held: &mut Held, change: &Change<'_>) -> Result<(), EngineError> {
    let fence = lock::fence(target.engine.words(), held.epoch);
    let [first, second] = change.record(target);
    let forget = journal::forget(change.run, change.seq);
    let texts = [fence.as_str(), first.as_str(), second.as_str(), forget.as_str()];
    let epoch = held.epoch;
    failpoint!("history.before", EngineError::from);
    let mut seen = |_| {
        failpoint!("history.reply");
    };
    let outcome = held.session()?.transact(&texts, &mut seen).await;
    failpoint!("history.after");
    let Err(failed) = outcome else { return Ok(()) };
    match truth(target, told, held, change).await {
        Ok(true) => Ok(()),
        Err(why @ EngineError::Fenced { .. }) => Err(why),
        _ => Err(fenced(failed, epoch)),
    }
}
