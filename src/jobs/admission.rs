//! Who may begin: the target's lock is taken, and the plan asked, before a job exists.

use super::{Refused, loss, turn::Held};
use crate::{
    catalog::Known,
    engine::{EngineError, Session, bookkeeping},
    model::{
        history::{History, Unfinished},
        job::{Job, JobEvent, transition},
        order::{Order, Restore, RollbackGoal},
        rehearsal::RehearsalFrom,
        report::RunReport,
        snapshot::SnapshotId,
    },
    plan::{self, Facts},
    procedure::{
        Target, keys, looked_at, read_history, rehearsed_if_demanded, risky, trust, with_archived, with_prints,
    },
    snapshot::ArchiveError,
};

/// Open jobs that a takeover looks at.
const OPEN_JOBS_MAX: u32 = 100;

/// The report of an order that finds nothing to do; `None` when there is something, or something to say against it. Only
/// looks, so that it may be asked while another run is at work.
///
/// # Errors
/// [`Refused`].
pub(super) async fn settled(target: &Target, order: &Order) -> Result<Option<RunReport>, Refused> {
    // Whether a plan is still so takes a look at the schema, under the lock.
    let Order::Migrate { to, dry_run, plan: None, .. } = order else { return Ok(None) };
    // The history is read while the catalog is.
    let (history, files) = tokio::join!(seen(target), target.files());
    let files = files?;
    let history = match history {
        Ok(history) if files.len() <= history.applied.len() => history,
        other => {
            target.keep(files).await?;
            return other.map(|_| None).map_err(Refused::from);
        }
    };
    let catalog = target.cut(files, known(&history)).await?;
    let needs = target.needs(&catalog);
    let plan = plan::forward(&Facts::of(target.site(), &catalog, &history, &needs), to.as_ref(), false);
    if !plan.ready || !plan.hops.is_empty() || history.unfinished.is_some() {
        return Ok(None);
    }
    Ok(Some(RunReport {
        dry_run: *dry_run,
        from: history.version.clone(),
        to: history.version,
        findings: plan.findings,
        ..RunReport::default()
    }))
}

/// What was applied and may be left uncut.
fn known(history: &History) -> Known {
    let applied = history.applied.iter();
    applied.filter_map(|row| Some((row.name.clone()?, row.checksum.clone()?))).collect()
}

/// The history, through a session that cannot write.
async fn seen(target: &Target) -> Result<History, EngineError> {
    let mut session = target.engine.open_to_read().await?;
    let history = read_history(session.as_mut(), target.engine.words()).await;
    session.close().await;
    history
}

/// A session for the order, with the target's lock unless it only shows what it would do.
///
/// # Errors
/// [`Refused`].
pub(super) async fn admit(target: &Target, order: &Order) -> Result<Box<dyn Session>, Refused> {
    let mut session = if order.only_looks() { target.engine.open_to_read().await? } else { locked(target).await? };
    let may = may_begin(target, order, session.as_mut()).await;
    match may {
        Ok(()) => Ok(session),
        Err(refused) => {
            session.close().await;
            Err(refused)
        }
    }
}

/// A session that holds the lock; whoever was found gone is written down as interrupted.
async fn locked(target: &Target) -> Result<Box<dyn Session>, Refused> {
    let (session, ()) = tokio::join!(target.engine.open(), target.store.warm_up());
    let mut session = session?;
    failpoint!("lock.before", EngineError::fault);
    if !take_lock(target, session.as_mut()).await? {
        let seen = Held::seen(target, session.as_mut()).await.ok().and_then(|held| held.words());
        let holder = seen.unwrap_or_else(|| "its name is not known".to_owned());
        session.close().await;
        return Err(Refused::Busy { holder, job: None });
    }
    failpoint!("lock.after", EngineError::fault);
    if let Err(error) = target.archive.sweep().await {
        tracing::warn!(%error, "leftovers in the snapshot folder could not be swept up");
    }
    let open = target.store.open_jobs(&target.name, OPEN_JOBS_MAX).await?;
    found_gone(target, open).await?;
    Ok(session)
}

/// Tries to take the lock, on the session that will run the SQL and on no other.
async fn take_lock(target: &Target, session: &mut dyn Session) -> Result<bool, EngineError> {
    if ablated!("same-session") {
        let mut other = target.engine.open().await?;
        let is_taken = other.try_lock().await?;
        std::mem::forget(other);
        return Ok(is_taken);
    }
    session.try_lock().await
}

/// Writes down as interrupted whatever job is open although nobody holds the target's lock. False when somebody holds it.
///
/// # Errors
/// When target or store cannot be asked.
pub(super) async fn take_stock(target: &Target) -> Result<bool, Refused> {
    if !target.store.is_there() {
        return Ok(true);
    }
    // Listed first: a job that comes later has the lock before it is written down.
    let open = target.store.open_jobs(&target.name, OPEN_JOBS_MAX).await?;
    if open.is_empty() {
        return Ok(true);
    }
    let mut session = target.engine.open_to_read().await?;
    let is_locked = session.is_locked().await;
    session.close().await;
    if is_locked? {
        return Ok(false);
    }
    found_gone(target, open).await.map(|()| true)
}

/// What was left in the middle, with what there is to see of it. Only looks.
///
/// # Errors
/// When target or catalog cannot be asked.
pub(super) async fn left(target: &Target) -> Result<Option<Unfinished>, Refused> {
    let mut session = target.engine.open_to_read().await?;
    let history = read_history(session.as_mut(), target.engine.words()).await;
    let looked = match history {
        Ok(history) if history.unfinished.is_none() => Ok(history),
        Ok(history) => looked_at(target, session.as_mut(), target.catalog().await?.as_ref(), history).await,
        Err(error) => Err(error),
    };
    session.close().await;
    Ok(looked?.unfinished)
}

async fn found_gone(target: &Target, open: Vec<Job>) -> Result<(), Refused> {
    for mut job in open {
        let Ok(state) = transition(job.state, JobEvent::FoundGone) else { continue };
        job.state = state;
        job.finished_at = Some(target.clock.now());
        if target.store.save_found_gone(&job).await? {
            tracing::warn!(job.id = %job.id, "job {} was interrupted: its process is gone", job.id);
        }
    }
    Ok(())
}

/// Whether what the history says is that of a database in the middle of a restore: the run brings that to its end first, and
/// plans then.
fn is_half_restored(history: &History) -> bool {
    history.unfinished.as_ref().is_some_and(|left| left.snapshot.is_some())
}

/// Whether the plan lets the order begin, so that a refusal comes at once and leaves no job.
async fn may_begin(target: &Target, order: &Order, session: &mut dyn Session) -> Result<(), Refused> {
    // Tables of a layout that is not known here are left alone, whatever is asked.
    bookkeeping::present(session, target.engine.words()).await?;
    match order {
        Order::Migrate { to, plan: demanded, dry_run, accept_loss, .. } => {
            let catalog = target.catalog().await?;
            let history = read_history(session, target.engine.words()).await?;
            let history = with_prints(session, &catalog, history).await?;
            let needs = target.needs(&catalog);
            let facts = Facts::of(target.site(), &catalog, &history, &needs);
            if let Some(then) = demanded {
                let now = plan::digest(&facts, &session.schema(None).await?, &target.config.digest(), to.as_ref());
                if now != *then {
                    return Err(Refused::PlanMoved { then: Box::new(then.clone()), now: Box::new(now) });
                }
            }
            if is_half_restored(&history) {
                return Ok(());
            }
            let keys = keys(target, session, &facts).await?;
            let trust = trust(target, session, &facts).await?;
            let rehearsed = rehearsed_if_demanded(target, session, &facts).await?;
            let facts = facts.keyed(&keys).trusting(&trust).rehearsed_if(rehearsed.as_ref());
            let seen = risky(&facts, session).await?;
            let facts = seen.iter().fold(facts, |facts, (schema, server)| facts.sized(schema).on(server));
            let plan = plan::forward(&facts, to.as_ref(), false);
            if !plan.ready {
                return Err(Refused::NotReady { blocking: plan.blocking });
            }
            // What was interrupted is finished first, and what is left then is counted then.
            if *dry_run || history.unfinished.is_some() {
                return Ok(());
            }
            loss::of_run(target, session, &plan, &catalog, accept_loss.as_ref()).await
        }
        // A copy of a database that is just being changed proves nothing.
        Order::Rehearse { from: RehearsalFrom::Data | RehearsalFrom::Schema, .. } => {
            let holder = match Held::seen(target, session).await? {
                Held::Free => return Ok(()),
                held => held.words().unwrap_or_else(|| "its name is not known".to_owned()),
            };
            Err(Refused::Busy { holder, job: None })
        }
        Order::Rollback { goal, dry_run, accept_loss } => {
            may_go_back(target, session, goal).await?;
            if *dry_run { Ok(()) } else { loss::of_rollback(target, session, goal, accept_loss.as_ref()).await }
        }
        Order::Restore(Restore { snapshot: id, .. }) => must_be_there(target, *id).await,
        // What is wrong with one that is there is for the job to tell.
        Order::Verify { snapshot: Some(id), .. } => match target.archive.find(*id).await {
            Err(ArchiveError::Missing(id)) => Err(Refused::NoSnapshot(id)),
            _ => Ok(()),
        },
        Order::Recover
        | Order::Snapshot { .. }
        | Order::Verify { snapshot: None, .. }
        | Order::Prune { .. }
        | Order::Validate { .. }
        | Order::VerifyUpgrade
        | Order::Test { .. }
        | Order::Baseline { .. }
        | Order::Adopt { .. }
        | Order::Unadopt
        | Order::Rehearse { .. } => Ok(()),
    }
}

async fn must_be_there(target: &Target, id: SnapshotId) -> Result<(), Refused> {
    match target.archive.find(id).await {
        Ok(_) => Ok(()),
        Err(ArchiveError::Missing(id)) => Err(Refused::NoSnapshot(id)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the plan lets a rollback begin; how the last run is undone is for the job to find.
async fn may_go_back(target: &Target, session: &mut dyn Session, goal: &RollbackGoal) -> Result<(), Refused> {
    match goal {
        RollbackGoal::Snapshot(id) => return must_be_there(target, *id).await,
        RollbackGoal::LastRun => return Ok(()),
        RollbackGoal::Steps(_) | RollbackGoal::Version(_) => {}
    }
    let catalog = target.catalog().await?;
    let history = read_history(session, target.engine.words()).await?;
    if is_half_restored(&history) {
        return Ok(());
    }
    let needs = target.needs(&catalog);
    let catalog = with_archived(session, &catalog, &history).await?;
    let facts = Facts::of(target.site(), &catalog, &history, &needs);
    let backward = plan::backward(&facts, goal, false);
    if backward.blocking.is_empty() { Ok(()) } else { Err(Refused::NotReady { blocking: backward.blocking }) }
}
