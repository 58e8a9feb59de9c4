//! The two routes of a migration, written once: whole, as one transaction, or statement by statement with a journal.

use ulid::Ulid;

use super::{
    Assignment, Held, Target, around, backfill, cancel,
    course::Course,
    evidence::Evidence,
    queue::{self, Queue},
    spans, steps,
};
use crate::{
    engine::{
        EngineError, StatementError,
        bookkeeping::{
            self, history,
            journal::{self, Place},
            lock,
        },
    },
    model::{
        backfill::Backfill,
        migration::{Direction, Migration, Script, Statement, StatementKind},
        plan::Route,
    },
    plan, sql,
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
    /// What follows the script in batches.
    pub backfill: Option<&'a Backfill>,
    /// The run that planned it.
    pub run: Ulid,
    /// Its place in that run.
    pub seq: u32,
    /// Its number in the history.
    pub number: i64,
}

/// A statement as a run executes it.
pub fn text(run: Ulid, statement: &Statement) -> String {
    let run = run.to_string().to_ascii_lowercase();
    sql::of_run(statement, &run[run.len() - RUN_CHARACTERS..])
}

/// How many characters of a run's id are in its throw-away names: those that come of chance.
const RUN_CHARACTERS: usize = 10;

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
    /// Some statements are done, and nothing tells whether the next one took effect.
    InDoubt {
        /// How many.
        done: u32,
    },
    /// It was being taken back, and not all of that came about: the next run goes on with it.
    TakingBack,
    /// It was being taken back, and what is there is neither what was before it nor what it had done.
    HalfBack,
    /// All statements are done, and its backfill is as far as its own row says.
    Backfill {
        /// Rows that are done.
        rows_done: u64,
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
    pub(super) fn before(error: EngineError) -> Self {
        Self { statement: None, error, left: Left::AsBefore }
    }

    pub(super) fn unknown(error: EngineError) -> Self {
        Self { statement: None, error, left: Left::Unknown }
    }
}

impl Change<'_> {
    /// Its statements.
    pub fn statements(&self) -> &[Statement] {
        self.script.map(|script| script.statements.as_slice()).unwrap_or_default()
    }

    /// The texts of all that it runs.
    pub fn texts(&self) -> Vec<String> {
        let statements = self.statements().iter().map(|statement| &statement.sql);
        statements.chain(self.backfill.map(|backfill| &backfill.sql)).cloned().collect()
    }

    /// Whether its script begins and ends transactions itself.
    pub fn has_own_transactions(&self) -> bool {
        let is_control = |kind| matches!(kind, StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback);
        self.statements().iter().any(|statement| is_control(statement.kind))
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
        Some((format!("{}:{}", script.file, statement.line), self.sql(statement)))
    }

    /// A statement as it is run.
    pub fn sql(&self, statement: &Statement) -> String {
        text(self.run, statement)
    }

    /// The statements that record it, or that its backfill begins.
    fn record(&self, target: &Target, epoch: i64) -> [String; 2] {
        if let Some(backfill) = self.backfill {
            return bookkeeping::backfill::begin(target.engine.words(), backfill::place(self), epoch, backfill);
        }
        match self.direction {
            Direction::Up => history::record_applied(target.engine.words(), self.run, self.seq),
            Direction::Down => history::record_undone(target.engine.words(), self.run, self.seq, self.number),
        }
    }

    /// Whether the history says that it is done, or the journal that its backfill began: the truth that is read after any error.
    async fn is_recorded(&self, held: &mut Held) -> Result<bool, EngineError> {
        let session = held.session()?;
        if self.backfill.is_some() {
            return bookkeeping::backfill::has_begun(session, self.run, self.seq).await;
        }
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
    spans::migration(change, by_its_route(target, told, held, evidence, change)).await
}

async fn by_its_route(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
) -> Result<(), Failed> {
    evidence.sees(change.statements());
    if let Err(error) = held.limit(queue::limits(target, Some(change.migration))).await {
        // A session that went away meanwhile may have been overtaken.
        return Err(match truth(target, told, held, change).await {
            Err(fenced @ EngineError::Fenced { .. }) => Failed::unknown(fenced),
            _ => Failed::before(error),
        });
    }
    match change.route(target) {
        Route::Whole => {
            let (mut queue, mut course) = (Queue::of(target), Course::of(told, change));
            while let Err(mut failed) = whole(target, told, held, &mut course).await {
                if failed.left != Left::AsBefore || !queue.again(told, held, &mut failed.error).await {
                    return Err(overtaken(failed));
                }
            }
        }
        Route::Journaled => {
            return journaled(target, told, held, evidence, change, From::default()).await.map_err(overtaken);
        }
    }
    match change.backfill {
        Some(backfill) => backfill::complete(target, told, held, change, backfill).await.map_err(overtaken),
        None => Ok(()),
    }
}

/// What there is after another run has taken over is that run's.
fn overtaken(failed: Failed) -> Failed {
    let left = if matches!(failed.error, EngineError::Fenced { .. }) { Left::Unknown } else { failed.left };
    Failed { left, ..failed }
}

/// Where a migration goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct From {
    /// So many of its statements are done.
    pub done: u32,
    /// The next one was begun before, and may have taken effect.
    pub again: bool,
}

/// Goes on with a migration that was interrupted, and records it.
///
/// # Errors
/// [`Failed`], after the truth was read again.
pub async fn resume(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
    from: From,
) -> Result<(), Failed> {
    evidence.sees(change.statements());
    spans::migration(change, journaled(target, told, held, evidence, change, from)).await.map_err(overtaken)
}

/// Everything in one transaction: the fence, the statements, our own settings again, the history rows.
async fn whole(target: &Target, told: &Assignment, held: &mut Held, course: &mut Course<'_>) -> Result<(), Failed> {
    let change = course.change;
    let fence = lock::fence(target.engine.words(), held.epoch);
    let record = change.record(target, held.epoch);
    let own = held.session().map_err(Failed::before)?.own_settings();
    let mut texts = vec![fence.as_str()];
    texts.extend(change.statements().iter().map(|statement| statement.sql.as_str()));
    texts.extend(own.iter().chain(&record).map(String::as_str));
    let count = change.statements().len();
    let base = told.progress.now().completed;
    course.is_sent(held.session().map_err(Failed::before)?.answers_at_once());
    let mut seen = |index: usize| {
        failpoint!("whole.reply");
        index.checked_sub(1).filter(|index| *index < count).into_iter().for_each(|index| course.answered(index));
        told.progress.update(|p| p.count(base + index.min(count) as u64, p.total));
    };
    failpoint!("whole.before", |fault| Failed::before(EngineError::fault(fault)));
    let session = held.session().map_err(Failed::before)?;
    let connection = session.connection_id().to_owned();
    let name = change.migration.identity.to_string();
    let work = session.transact(&texts, &mut seen);
    let (outcome, is_cancelled) = cancel::or_stopped(target, told, &connection, &name, work).await;
    failpoint!("whole.after");
    let Err(failed) = outcome else {
        course.is_committed();
        return Ok(());
    };
    course.failed(failed.index.checked_sub(1).filter(|index| *index < count), &failed.error);
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
pub(super) fn fenced(failed: StatementError, ours: i64) -> EngineError {
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
    failpoint!("truth.lost", EngineError::fault);
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
    from: From,
) -> Result<(), Failed> {
    let base = told.progress.now().completed;
    for (number, (index, statement)) in (1_u32..).zip(change.statements().iter().enumerate()) {
        if number <= from.done && statement.kind != StatementKind::Session {
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
        steps::one(target, told, held, evidence, change, place, from).await?;
        told.progress.update(|p| p.count(base + u64::from(number), p.total));
    }
    around::end(held, change).await.map_err(Failed::unknown)?;
    if let Some(backfill) = change.backfill {
        return backfill::complete(target, told, held, change, backfill).await;
    }
    let all = u32::try_from(change.statements().len()).unwrap_or(u32::MAX);
    finish(target, told, held, change).await.map_err(|error| Failed { statement: None, error, left: left_of(all) })
}

/// What is left where so many statements are done.
pub(super) fn left_of(done: u32) -> Left {
    if done == 0 { Left::AsBefore } else { Left::InFlight { done } }
}

/// The history rows of a journaled migration, in one transaction that also empties its journal.
pub(super) async fn finish(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
) -> Result<(), EngineError> {
    let [first, second] = change.record(target, held.epoch);
    let forget = [journal::forget(change.run, change.seq), bookkeeping::backfill::forget(change.run, change.seq)];
    record(target, told, held, change, &[&first, &second, &forget[0], &forget[1]].map(String::as_str)).await
}

/// Records the failure of a migration of which nothing was kept.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub(super) async fn record_failure(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
    error: &str,
) -> Result<(), EngineError> {
    let [first, second] = history::record_failed(target.engine.words(), change.run, change.seq, error);
    let change = Change { backfill: None, ..change.clone() };
    record(target, told, held, &change, &[&first, &second]).await
}

/// Behind the fence, in one transaction; after any error the truth is read.
async fn record(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    change: &Change<'_>,
    texts: &[&str],
) -> Result<(), EngineError> {
    let fence = lock::fence(target.engine.words(), held.epoch);
    let texts = [&[fence.as_str()], texts].concat();
    let epoch = held.epoch;
    failpoint!("history.before", EngineError::fault);
    let mut seen = |_| {
        failpoint!("history.reply");
    };
    let outcome = held.session()?.transact(&texts, &mut seen).await;
    failpoint!("history.after");
    let Err(failed) = outcome else { return Ok(()) };
    match truth(target, told, held, change).await {
        Ok(true) => Ok(()),
        Err(fenced @ EngineError::Fenced { .. }) => Err(fenced),
        _ => Err(fenced(failed, epoch)),
    }
}
