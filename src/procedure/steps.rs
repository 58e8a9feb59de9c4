//! One statement of a journaled migration, with its mark.

use super::{
    Assignment, Held, Target,
    apply::{Change, Failed, From, Left, fenced, left_of},
    around::Around,
    cancel,
    course::Course,
    evidence::Evidence,
    queue::{self, Queue},
    recover,
    settle::{self, Came, Settled},
};
use crate::{
    engine::{
        DdlScope, EngineError,
        bookkeeping::{
            journal::{self, Place},
            lock,
        },
    },
    model::migration::{Statement, StatementKind},
    sql::{self, Doubt},
};

/// How a statement is run, so that it is known afterwards whether it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In one transaction with its mark: both are kept, or neither.
    WithItsMark,
    /// Behind an intent, in a transaction with a mark that is seen when the statement commits by itself.
    BehindAMark,
    /// Behind an intent with what there is to see before it.
    BehindAnIntent,
    /// Without a mark: it is run again in each session.
    Unmarked,
}

/// Runs the statement of `place` with its mark: tried again while a lock is not given, settled by the truth after any other
/// error.
///
/// # Errors
/// [`Failed`], after the truth was read.
pub async fn one(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
    place: Place,
    from: From,
) -> Result<(), Failed> {
    let (number, index) = (place.statement, place.statement as usize - 1);
    let Some(statement) = change.statements().get(index) else { return Ok(()) };
    let limits = queue::limits_of(target, change.migration, statement);
    held.limit(limits).await.map_err(|error| Failed { left: left_of(number - 1), ..Failed::before(error) })?;
    let mut queue = Queue::of(target);
    let mut course = Course::of(told, change);
    loop {
        course.begins(index);
        let Err(broken) = with_its_mark(target, told, held, evidence, change, place).await else {
            course.ran(index);
            return Ok(());
        };
        let Broken { mut error, came, is_stopped } = broken;
        course.failed(Some(index), &error);
        let is_again = from.again && number == from.done + 1;
        if is_again && is_so_already(target, &statement.sql, &error) {
            let (at, _) = change.place(index).unwrap_or_default();
            evidence.notes.push(recover::unverified(&at, &format!("the database says so: {error}")));
            return is_done(held, place).await.map_err(Failed::unknown);
        }
        let mut settled = settle::settle(target, told, held, change, place, came).await;
        error = cancel::cause(error, is_stopped);
        match settled {
            Ok(Settled { done, .. }) if done == number => {
                told.warning(format!("statement {number} lost its answer or its mark, and took effect: {error}"));
                return Ok(());
            }
            Ok(Settled { done, in_doubt: false }) if done + 1 == number => {
                let is_untouched = queue::is_untouched(held, place).await;
                if is_untouched && queue.again(told, held, &mut error).await {
                    continue;
                }
                settled = settle::take_parts_back(target, held, change, place).await.map(Settled::at);
            }
            Err(EngineError::Fenced { ours }) => error = EngineError::Fenced { ours },
            _ => {}
        }
        return Err(Failed { statement: change.place(index), error, left: left_after(&settled) });
    }
}

/// What a failed statement left, by what the journal knows.
fn left_after(settled: &Result<Settled, EngineError>) -> Left {
    match settled {
        Ok(Settled { done, in_doubt: true }) => Left::InDoubt { done: *done },
        Ok(Settled { done, .. }) => left_of(*done),
        Err(_) => Left::Unknown,
    }
}

/// A statement with its mark did not come to its end.
struct Broken {
    error: EngineError,
    /// What is known of the statement itself.
    came: Came,
    /// Somebody asked to stop at once, and so it was stopped.
    is_stopped: bool,
}

impl Broken {
    /// By something of ours before it: it was not even sent.
    fn before(error: EngineError) -> Self {
        Self { error, came: Came::Nothing, is_stopped: false }
    }

    /// By something of ours behind it.
    fn behind(error: EngineError) -> Self {
        Self { error, came: Came::Done, is_stopped: false }
    }

    /// By itself, or in one transaction with a mark that tells.
    fn unknown(Stopped { error, is_stopped }: Stopped) -> Self {
        Self { error, came: Came::Unknown, is_stopped }
    }
}

/// Runs the statement of `place` once.
async fn with_its_mark(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
    place: Place,
) -> Result<(), Broken> {
    let Some(statement) = change.statements().get(place.statement as usize - 1) else { return Ok(()) };
    let (epoch, text) = (held.epoch, change.sql(statement));
    let sql = text.as_str();
    let fence = lock::fence(target.engine.words(), epoch);
    let around = Around::of(target, held, change, place).map_err(Broken::before)?;
    let doing = Doing { target, told, what: format!("statement {} of {}", place.statement, change.migration.identity) };
    let mut seen = |_| {
        failpoint!("rows.reply");
    };
    if ablated!("counter") {
        doing.alone(held, sql).await.map_err(Broken::unknown)?;
        failpoint!("done.before", |fault| Broken::behind(EngineError::fault(fault)));
        let session = held.session().map_err(Broken::behind)?;
        return session.write(&journal::add_done(place, epoch), &[]).await.map(drop).map_err(Broken::behind);
    }
    match way(target, change, statement) {
        Way::Unmarked if !around.concerns(sql) => doing.alone(held, sql).await.map_err(Broken::unknown),
        Way::Unmarked => {
            doing.together(held, &around.texts(&fence, sql, None), &mut seen).await.map_err(Broken::unknown)
        }
        Way::WithItsMark => {
            if statement.kind != StatementKind::Rows {
                let session = held.session().map_err(Broken::before)?;
                evidence.meets(session, target.engine.dialect(), sql).await.map_err(Broken::before)?;
            }
            let mark = journal::add_done(place, epoch);
            failpoint!("rows.before", |fault| Broken::before(EngineError::fault(fault)));
            if ablated!("mark-within") {
                doing.together(held, &around.texts(&fence, sql, None), &mut seen).await.map_err(Broken::unknown)?;
                return doing.together(held, &[&mark], &mut seen).await.map_err(Broken::unknown);
            }
            doing.together(held, &around.texts(&fence, sql, Some(&mark)), &mut seen).await.map_err(Broken::unknown)?;
            failpoint!("rows.after", |fault| Broken::behind(EngineError::fault(fault)));
            Ok(())
        }
        Way::BehindAMark => {
            intend(target, held, evidence, sql, place).await.map_err(Broken::before)?;
            let (running, done) = (journal::mark_running(place), journal::done(place, epoch));
            let mut seen = |_| {
                failpoint!("opaque.reply");
            };
            doing.together(held, &[&fence, &running, sql, &done], &mut seen).await.map_err(Broken::unknown)
        }
        Way::BehindAnIntent => {
            doing.mended(held, sql).await?;
            intend(target, held, evidence, sql, place).await.map_err(Broken::before)?;
            around.set(held).await.map_err(Broken::before)?;
            let ran = doing.alone(held, sql).await;
            let unset = around.unset(held, sql).await;
            ran.map_err(|stopped| doing.refused(sql, stopped))?;
            // A server that refuses has done nothing: what can fail here is the answer.
            failpoint!("done.before", |fault: crate::failpoint::Fault| Broken::unknown(Stopped::lost(fault.0)));
            unset.map_err(Broken::behind)?;
            is_done(held, place).await.map_err(Broken::behind)?;
            failpoint!("done.after", |fault| Broken::behind(EngineError::fault(fault)));
            Ok(())
        }
    }
}

/// The statement that is run. It can be stopped; nothing of ours around it is.
struct Doing<'a> {
    target: &'a Target,
    told: &'a Assignment,
    what: String,
}

/// What the server said in the end, and whether that is because it was stopped.
struct Stopped {
    error: EngineError,
    is_stopped: bool,
}

impl std::convert::From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self { error, is_stopped: false }
    }
}

impl Doing<'_> {
    /// Runs a statement by itself.
    async fn alone(&self, held: &mut Held, sql: &str) -> Result<(), Stopped> {
        let session = held.session()?;
        let connection = session.connection_id().to_owned();
        let work = failpoint!("stmt.sent" within session.execute(sql));
        let (outcome, is_stopped) = cancel::or_stopped(self.target, self.told, &connection, &self.what, work).await;
        outcome.map(drop).map_err(|failed| Stopped { error: failed.error, is_stopped })
    }

    /// Runs statements as one transaction, the first of which is the fence.
    async fn together(
        &self,
        held: &mut Held,
        texts: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), Stopped> {
        let epoch = held.epoch;
        let session = held.session()?;
        let connection = session.connection_id().to_owned();
        let work = session.transact(texts, seen);
        let (outcome, is_stopped) = cancel::or_stopped(self.target, self.told, &connection, &self.what, work).await;
        outcome.map_err(|failed| Stopped { error: fenced(failed, epoch), is_stopped })
    }

    /// Puts right what an earlier try left: an index that nobody finished would be taken for the one that is asked for.
    async fn mended(&self, held: &mut Held, sql: &str) -> Result<(), Broken> {
        let connection = held.session().map_err(Broken::before)?.connection_id().to_owned();
        let work = recover::take_out(self.target, self.told, held, sql);
        let (outcome, is_stopped) = cancel::or_stopped(self.target, self.told, &connection, &self.what, work).await;
        outcome.map(drop).map_err(|error| Broken { is_stopped, ..Broken::before(error) })
    }

    /// A statement by itself came to no good end. What the server refuses did nothing (MariaDB and MySQL manuals, "Atomic
    /// DDL"), but for what runs other statements.
    fn refused(&self, sql: &str, stopped: Stopped) -> Broken {
        let is_refused = matches!(stopped.error, EngineError::Refused { .. } | EngineError::Blocked { .. });
        let is_one = sql::doubt(self.target.engine.dialect(), sql) != Doubt::Opaque;
        let came = if is_refused && is_one { Came::Nothing } else { Came::Unknown };
        Broken { came, ..Broken::unknown(stopped) }
    }
}

#[cfg(feature = "failpoints")]
impl Stopped {
    fn lost(reason: &str) -> Self {
        EngineError::Lost { reason: reason.to_owned() }.into()
    }
}

/// Marks the statement of `place` as done.
///
/// # Errors
/// The server's.
pub async fn is_done(held: &mut Held, place: Place) -> Result<(), EngineError> {
    let epoch = held.epoch;
    journal::mark_done(held.session()?, place, epoch).await
}

/// Whether a refusal says that a statement, which is run for the second time, did take effect the first time.
pub fn is_so_already(target: &Target, sql: &str, error: &EngineError) -> bool {
    let is_told = sql::doubt(target.engine.dialect(), sql) == Doubt::RefusedTwice;
    is_told && matches!(error, EngineError::Refused { code, .. } if target.engine.is_so_already(code))
}

async fn intend(
    target: &Target,
    held: &mut Held,
    evidence: &mut Evidence,
    sql: &str,
    place: Place,
) -> Result<(), EngineError> {
    let epoch = held.epoch;
    let session = held.session()?;
    let before = evidence.before(session, target.engine.dialect(), sql).await?;
    failpoint!("intent.before", EngineError::fault);
    journal::intend(session, place, epoch, sql, Some(&before)).await?;
    failpoint!("intent.after", EngineError::fault);
    Ok(())
}

fn way(target: &Target, change: &Change<'_>, statement: &Statement) -> Way {
    let is_control = |kind| matches!(kind, StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback);
    let is_opaque = || sql::doubt(target.engine.dialect(), &statement.sql) == Doubt::Opaque;
    match statement.kind {
        StatementKind::Rows => Way::WithItsMark,
        StatementKind::Session => Way::Unmarked,
        kind if is_control(kind) => Way::Unmarked,
        // A script that begins and ends transactions itself cannot be put into another.
        StatementKind::TransactionalDdl if change.has_own_transactions() => Way::BehindAnIntent,
        // A procedure may commit, unless somebody opened a transaction round it.
        StatementKind::TransactionalDdl if change.migration.transactional == Some(false) && is_opaque() => {
            Way::BehindAnIntent
        }
        StatementKind::TransactionalDdl if target.engine.ddl_scope() == DdlScope::Transaction => Way::WithItsMark,
        StatementKind::ImplicitCommit if is_opaque() => Way::BehindAMark,
        _ => Way::BehindAnIntent,
    }
}
