//! An order to restore: the target itself, another database, or only a look at what it would do.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{
    Assignment, Ended, Held, Target,
    migrate::ms_since,
    problem, read_history,
    restore::{self, Force},
    space, validate,
};
use crate::{
    engine::EngineError,
    model::{
        archive::{RestoreReport, TableChange},
        job::JobProblem,
        order::Restore,
        snapshot::Manifest,
    },
};

/// Restores, or tells what it would do.
pub async fn ordered(target: &Target, told: &Assignment, held: &mut Held, order: &Restore) -> Ended {
    let started = Instant::now();
    let mut report = RestoreReport {
        snapshot: order.snapshot,
        dry_run: order.dry_run,
        into: order.into.clone(),
        before: None,
        from: None,
        to: None,
        tables: Vec::new(),
        space: Vec::new(),
        validation: None,
        execution_time_ms: 0,
    };
    let ended = go(target, told, held, order, &mut report).await;
    report.execution_time_ms = ms_since(started);
    match ended {
        Ok(()) => Ended::well(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, serde_json::to_value(&report).ok())
        }
    }
}

async fn go(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    order: &Restore,
    report: &mut RestoreReport,
) -> Result<(), JobProblem> {
    let manifest = target.archive.find(order.snapshot).await.map_err(|error| problem::archive(&error))?;
    report.to.clone_from(&manifest.db_version);
    let force = if order.force { Force::Yes } else { Force::No };
    match &order.into {
        Some(name) => {
            let engine = target.engine.beside(name).map_err(problem::untouched)?;
            let other = Target { engine, name: name.as_str().into(), ..target.clone() };
            elsewhere(&other, told, held, &manifest, force, report).await
        }
        None if order.dry_run => look(target, told, held, &manifest, report).await,
        None => here(target, told, held, &manifest, force, report).await,
    }
}

/// What would change: every byte of the snapshot is proved, rows are counted, room is looked for.
async fn look(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    manifest: &Manifest,
    report: &mut RestoreReport,
) -> Result<(), JobProblem> {
    told.step(format!("reading snapshot {}", manifest.id));
    held.awake(target.archive.verify(manifest.id, |_| ())).await.map_err(|error| problem::archive(&error))?;
    let session = held.session().map_err(problem::untouched)?;
    report.from = read_history(session, target.engine.words()).await.map_err(problem::untouched)?.version;
    let now = session.count_rows().await.map_err(problem::untouched)?;
    let tables: BTreeSet<&String> = now.keys().chain(manifest.tables.keys()).collect();
    report.tables = tables
        .into_iter()
        .map(|table| TableChange {
            table: table.clone(),
            rows_now: now.get(table).copied(),
            rows_then: manifest.tables.get(table).map(|digest| digest.rows),
        })
        .filter(|change| change.rows_now != change.rows_then)
        .collect();
    report.space = space::forecast(target, held, &space::Work::Restore(manifest)).await?;
    space::must_fit(&report.space)
}

/// In the place of the target.
async fn here(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    manifest: &Manifest,
    force: Force,
    report: &mut RestoreReport,
) -> Result<(), JobProblem> {
    let before = held.begin(target, told).await;
    match (before, force) {
        (Ok(history), _) => report.from = history.version,
        (Err(error), Force::No) => return Err(problem::untouched(error)),
        (Err(error), Force::Yes) => told.warning(format!("what the target holds cannot be read: {error}")),
    }
    report.before = restore::restore(target, told, held, manifest.id, force).await?.map(|before| before.id);
    let catalog = target.catalog().await.map_err(|error| problem::catalog(&error))?;
    let found = validate::after_hop(target, told, held, &catalog, true).await?;
    let critical = found.as_ref().map(|report| report.critical_issues.clone()).unwrap_or_default();
    report.validation = found;
    if critical.is_empty() { Ok(()) } else { Err(problem::invalid(&critical)) }
}

/// In the place of another database, which is made when it is missing.
async fn elsewhere(
    other: &Target,
    told: &Assignment,
    held: &mut Held,
    manifest: &Manifest,
    force: Force,
    report: &mut RestoreReport,
) -> Result<(), JobProblem> {
    if report.dry_run {
        held.awake(other.archive.verify(manifest.id, |_| ())).await.map_err(|error| problem::archive(&error))?;
        report.space = space::forecast(other, held, &space::Work::Restore(manifest)).await?;
        return space::must_fit(&report.space);
    }
    let made = other.engine.create().await.map_err(problem::untouched)?;
    if made {
        told.info(format!("database {} made", other.name));
    }
    let mut session = other.engine.open().await.map_err(problem::untouched)?;
    if !session.try_lock().await.map_err(problem::untouched)? {
        session.close().await;
        return Err(problem::other_busy(&other.name));
    }
    let mut theirs = Held::new(session);
    let restored = filled(other, told, &mut theirs, manifest, force, report).await;
    theirs.say_goodbye().await;
    if let Some(session) = theirs.into_session() {
        session.close().await;
    }
    restored
}

async fn filled(
    other: &Target,
    told: &Assignment,
    theirs: &mut Held,
    manifest: &Manifest,
    force: Force,
    report: &mut RestoreReport,
) -> Result<(), JobProblem> {
    let is_empty = is_empty(other, theirs).await.map_err(problem::untouched)?;
    if !is_empty && force == Force::No {
        return Err(problem::not_empty(&other.name));
    }
    if is_empty {
        return restore::into_empty(other, told, theirs, manifest.id).await;
    }
    report.from = theirs.begin(other, told).await.map_err(problem::untouched)?.version;
    report.before = restore::restore(other, told, theirs, manifest.id, force).await?.map(|before| before.id);
    Ok(())
}

/// Whether there is no table in it, of the application or of windlass.
async fn is_empty(other: &Target, theirs: &mut Held) -> Result<bool, EngineError> {
    let history = read_history(theirs.session()?, other.engine.words()).await?;
    Ok(history.applied.is_empty() && !history.has_foreign_tables && history.unfinished.is_none())
}
