//! What rehearsals brought that still holds for what is pending.

use std::collections::BTreeMap;

use super::Target;
use crate::{
    engine::{EngineError, Server, Session},
    model::{
        order::{RollbackPolicy, SnapshotPolicy},
        rehearsal::Rehearsed,
    },
    plan::{self, Facts},
    store::StoreError,
};

/// What rehearsals brought, by identity.
pub type ByIdentity = BTreeMap<String, Rehearsed>;

/// Why that is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The target could not be asked.
    #[error(transparent)]
    Target(#[from] EngineError),
    /// Our own database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A server as verdicts name it.
#[must_use]
pub fn name_of(server: &Server) -> String {
    format!("{} {}", server.product, server.version)
}

/// What holds for what is pending on a target whose schema has this fingerprint. Makes no store where there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn rehearsed(
    target: &Target,
    facts: &Facts<'_>,
    fingerprint: &str,
    server: &Server,
) -> Result<ByIdentity, StoreError> {
    if facts.pending().next().is_none() || !target.store.is_there() {
        return Ok(ByIdentity::new());
    }
    let kept = target.store.rehearsals(&target.name).await?;
    Ok(plan::what_holds(facts.pending(), &kept, fingerprint, &name_of(server)))
}

/// The same where a policy goes by it; else `None`, and nobody is asked.
///
/// # Errors
/// [`Unread`].
pub async fn rehearsed_if_demanded(
    target: &Target,
    session: &mut dyn Session,
    facts: &Facts<'_>,
) -> Result<Option<ByIdentity>, Unread> {
    let policy = &target.config.policy;
    if policy.rollback != RollbackPolicy::Proven && policy.snapshot != SnapshotPolicy::Required {
        return Ok(None);
    }
    let fingerprint = session.schema(None).await?.fingerprint();
    Ok(Some(rehearsed(target, facts, &fingerprint, session.server()).await?))
}
