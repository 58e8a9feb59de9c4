//! Whether what an order would take away is accepted: asked before a job exists, so that a refusal leaves none. The job counts
//! again right before it begins.

use super::Refused;
use crate::{
    engine::Session,
    model::{
        catalog::Catalog,
        loss::{LossDigest, LossPolicy},
        order::RollbackGoal,
        plan::Plan,
    },
    plan::{self, Facts},
    procedure::{self, Taker, Target, read_history, with_archived},
};

/// Of a run by this plan.
///
/// # Errors
/// [`Refused::LossNotAccepted`]; the target's.
pub(super) async fn of_run(
    target: &Target,
    session: &mut dyn Session,
    plan: &Plan,
    catalog: &Catalog,
    given: Option<&LossDigest>,
) -> Result<(), Refused> {
    let scripts = procedure::scripts_up(plan, catalog);
    judged(target, session, Taker::Scripts(&scripts), given).await
}

/// Of a rollback. What cannot be told here is for the job to tell: where something interrupted is finished first, and where
/// the catalog cannot be used.
///
/// # Errors
/// [`Refused::LossNotAccepted`]; the target's.
pub(super) async fn of_rollback(
    target: &Target,
    session: &mut dyn Session,
    goal: &RollbackGoal,
    given: Option<&LossDigest>,
) -> Result<(), Refused> {
    if target.config.policy.loss == LossPolicy::Accept {
        return Ok(());
    }
    let history = read_history(session, target.engine.words()).await?;
    if history.unfinished.is_some() {
        return Ok(());
    }
    let mut snapshot = if let RollbackGoal::Snapshot(id) = goal { Some(*id) } else { None };
    if snapshot.is_none() {
        let Ok(catalog) = target.catalog().await else { return Ok(()) };
        let needs = target.needs(&catalog);
        let catalog = with_archived(session, &catalog, &history).await?;
        let facts = Facts::of(target.site(), &catalog, &history, &needs);
        let backward = plan::backward(&facts, goal, false);
        if backward.blocking.is_empty() {
            let scripts = procedure::scripts_down(&backward, &catalog);
            return judged(target, session, Taker::Scripts(&scripts), given).await;
        }
        snapshot = procedure::snapshot_of(target, goal, backward.run.as_deref()).await.ok().flatten();
    }
    let Some(id) = snapshot else { return Ok(()) };
    let manifest = target.archive.find(id).await?;
    judged(target, session, Taker::Snapshot(&manifest), given).await
}

async fn judged(
    target: &Target,
    session: &mut dyn Session,
    taker: Taker<'_>,
    given: Option<&LossDigest>,
) -> Result<(), Refused> {
    let policy = target.config.policy.loss;
    if policy == LossPolicy::Accept {
        return Ok(());
    }
    let loss = procedure::loss(target, session, taker).await?;
    if loss.is_accepted(policy, given) {
        return Ok(());
    }
    Err(Refused::LossNotAccepted { loss: Box::new(loss), given: given.cloned() })
}
