//! What a run or a rollback would take away that is stored: counted in the target, right before it.

use super::{Assignment, Held, Target, problem, queue};
use crate::{
    engine::{self, EngineError, Session},
    model::{
        catalog::Catalog,
        job::JobProblem,
        loss::{Going, Loss, LossDigest, LossItem, LossPolicy},
        migration::Script,
        plan::Plan,
        report::RunReport,
        snapshot::Manifest,
    },
    plan::{self, Backward, Ground},
};

/// What would take something away.
#[derive(Debug, Clone, Copy)]
pub enum Taker<'a> {
    /// These scripts, one after the other.
    Scripts(&'a [&'a Script]),
    /// A snapshot that takes the place of the database.
    Snapshot(&'a Manifest),
}

/// The scripts of a run by this plan, in order.
#[must_use]
pub fn scripts_up<'a>(plan: &Plan, catalog: &'a Catalog) -> Vec<&'a Script> {
    let by_id = catalog.by_id();
    let steps = plan.hops.iter().flat_map(|hop| &hop.migrations);
    steps.filter_map(|step| Some(&by_id.get(&step.id)?.up)).collect()
}

/// The down scripts of a rollback, in order; what failed when it was applied has none to run.
#[must_use]
pub fn scripts_down<'a>(backward: &Backward, catalog: &'a Catalog) -> Vec<&'a Script> {
    let by_id = catalog.by_id();
    let steps = backward.migrations.iter().filter(|step| !step.statements.is_empty());
    steps.filter_map(|step| by_id.get(&step.id)?.down.as_ref()).collect()
}

/// Counts what would go. Only looks, and asks nothing where no statement takes anything away; else it reads every row of
/// what would go, within `run.statement_timeout`.
///
/// # Errors
/// The server's.
pub async fn loss(target: &Target, session: &mut dyn Session, taker: Taker<'_>) -> Result<Loss, EngineError> {
    match taker {
        Taker::Scripts(scripts) => of_scripts(target, session, scripts).await,
        Taker::Snapshot(manifest) => of_snapshot(target, session, manifest).await,
    }
}

async fn of_scripts(target: &Target, session: &mut dyn Session, scripts: &[&Script]) -> Result<Loss, EngineError> {
    let dialect = target.engine.dialect();
    if !plan::takes_away(dialect, scripts.iter().copied()) {
        return Ok(Loss::of(Vec::new()));
    }
    let words = target.engine.words();
    session.set_limits(queue::limits(target, None)).await?;
    let schema = session.schema(None).await?;
    let default_schema = engine::loss::default_schema(session, words).await?;
    let ground = Ground { dialect, default_schema: &default_schema, schema: &schema };
    let vanishing = plan::vanishing(ground, scripts.iter().copied());
    Ok(Loss::of(engine::loss::counted(session, words, vanishing).await?))
}

/// Rows that each table has more than the snapshot: what was changed in place is not among them.
async fn of_snapshot(target: &Target, session: &mut dyn Session, manifest: &Manifest) -> Result<Loss, EngineError> {
    session.set_limits(queue::limits(target, None)).await?;
    let now = session.count_rows().await?;
    let more = now.into_iter().filter_map(|(table, rows)| {
        let then = manifest.tables.get(&table).map_or(0, |there| there.rows);
        let place = format!("snapshot {}", manifest.id);
        let count = rows.checked_sub(then).filter(|more| *more > 0)?;
        Some(LossItem { table, column: None, partition: None, count, what: Going::RowsSinceSnapshot, place })
    });
    Ok(Loss::of(more.collect()))
}

/// Counts what would go, tells it in the report, and lets nobody pass who has not accepted that.
///
/// # Errors
/// The problem. Where nothing is asked, a loss that cannot be counted is none.
pub(super) async fn must_be_accepted(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    taker: Taker<'_>,
    given: Option<&LossDigest>,
    report: &mut RunReport,
) -> Result<(), JobProblem> {
    let policy = target.config.policy.loss;
    let limited = held.limit(queue::limits(target, None)).await;
    let counted = match limited.and_then(|()| held.session()) {
        Ok(session) => loss(target, session, taker).await,
        Err(error) => Err(error),
    };
    let loss = match counted {
        Ok(loss) => loss,
        Err(error @ EngineError::Refused { .. }) if policy == LossPolicy::Accept => {
            told.warning(format!("what would be lost could not be counted: {error}"));
            return Ok(());
        }
        Err(error) => return Err(problem::untouched(error)),
    };
    if !loss.is_nothing() {
        told.info(format!("it takes away {loss}"));
    }
    let is_accepted = report.dry_run || loss.is_accepted(policy, given);
    let refusal = (!is_accepted).then(|| problem::loss(&loss, given));
    report.loss = Some(loss).filter(|loss| report.dry_run || !loss.items.is_empty());
    refusal.map_or(Ok(()), Err)
}
