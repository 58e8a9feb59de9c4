//! One statement of a journaled migration, with its mark.

use super::{
    Assignment, Held, Target,
    apply::{Change, fenced},
    evidence::Evidence,
    recover,
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

/// Runs the statement of `place` with its mark.
///
/// # Errors
/// The server's; then the journal and the schema tell what came of it.
pub async fn one(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    evidence: &mut Evidence,
    change: &Change<'_>,
    place: Place,
) -> Result<(), EngineError> {
    let Some(statement) = change.statements().get(place.statement as usize - 1) else { return Ok(()) };
    let (epoch, text) = (held.epoch, change.sql(statement));
    let sql = text.as_str();
    let fence = lock::fence(target.engine.words(), epoch);
    if ablated!("counter") {
        held.session()?.execute(sql).await.map_err(|failed| failed.error)?;
        failpoint!("done.before", EngineError::fault);
        return held.session()?.write(&journal::add_done(place, epoch), &[]).await.map(drop);
    }
    match way(target, change, statement) {
        Way::Unmarked => held.session()?.execute(sql).await.map(drop).map_err(|failed| failed.error),
        Way::WithItsMark => {
            let mark = journal::add_done(place, epoch);
            let texts = [fence.as_str(), sql, mark.as_str()];
            failpoint!("rows.before", EngineError::fault);
            let mut seen = |_| {
                failpoint!("rows.reply");
            };
            if ablated!("mark-within") {
                let session = held.session()?;
                session.transact(&texts[..2], &mut seen).await.map_err(|failed| fenced(failed, epoch))?;
                return session.transact(&texts[2..], &mut seen).await.map_err(|failed| failed.error);
            }
            held.session()?.transact(&texts, &mut seen).await.map_err(|failed| fenced(failed, epoch))?;
            failpoint!("rows.after", EngineError::fault);
            Ok(())
        }
        Way::BehindAMark => {
            intend(target, held, evidence, sql, place).await?;
            let (running, done) = (journal::mark_running(place), journal::done(place, epoch));
            let texts = [fence.as_str(), running.as_str(), sql, done.as_str()];
            let mut seen = |_| {
                failpoint!("opaque.reply");
            };
            held.session()?.transact(&texts, &mut seen).await.map_err(|failed| fenced(failed, epoch))
        }
        Way::BehindAnIntent => {
            // An index that nobody finished would be taken for the one that is asked for.
            recover::take_out(target, told, held, sql).await?;
            intend(target, held, evidence, sql, place).await?;
            let work = held.session()?.execute(sql);
            failpoint!("stmt.sent" within work).await.map_err(|failed| failed.error)?;
            // A server that refuses has done nothing: what can fail here is the answer.
            failpoint!("done.before", |fault: crate::failpoint::Fault| EngineError::Lost {
                reason: fault.0.to_owned()
            });
            is_done(held, place).await?;
            failpoint!("done.after", EngineError::fault);
            Ok(())
        }
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
        StatementKind::TransactionalDdl if change.statements().iter().any(|other| is_control(other.kind)) => {
            Way::BehindAnIntent
        }
        // A procedure may commit, unless somebody opened a transaction round it.
        StatementKind::TransactionalDdl if change.migration.transactional == Some(false) && is_opaque() => {
            Way::BehindAnIntent
        }
        StatementKind::TransactionalDdl if target.engine.ddl_scope() == DdlScope::Transaction => Way::WithItsMark,
        StatementKind::ImplicitCommit if is_opaque() => Way::BehindAMark,
        _ => Way::BehindAnIntent,
    }
}
