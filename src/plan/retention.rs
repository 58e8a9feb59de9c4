//! Which snapshots may go.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    archive::{KeptBack, PruneRule},
    snapshot::{Listed, Manifest, SnapshotId},
};

/// What a rule means for the snapshots there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// What goes, oldest first.
    pub doomed: Vec<SnapshotId>,
    /// What would go, and is needed.
    pub kept_back: Vec<KeptBack>,
}

/// Sorts `listed` (newest first) by the rule. What is in `needed` stays, with its reason; and so does the newest that is
/// known to be good.
#[must_use]
pub fn retention(
    listed: &[Listed],
    rule: &PruneRule,
    now: DateTime<Utc>,
    needed: &BTreeMap<SnapshotId, String>,
) -> Retention {
    let last_good = last_good(listed).map(|listed| listed.manifest.id);
    let mut retention = Retention::default();
    for (place, Listed { manifest, .. }) in listed.iter().enumerate().rev() {
        if !goes(rule, place, manifest, now) {
            continue;
        }
        let good = (last_good == Some(manifest.id)).then(|| "it is the last one known to be good".to_owned());
        match needed.get(&manifest.id).cloned().or(good) {
            Some(reason) => retention.kept_back.push(KeptBack { id: manifest.id, reason }),
            None => retention.doomed.push(manifest.id),
        }
    }
    retention
}

/// The newest snapshot above which a run validated, and that was not found damaged since.
#[must_use]
pub fn last_good(listed: &[Listed]) -> Option<&Listed> {
    listed.iter().find(|listed| {
        let is_damaged = listed.marks.verified.as_ref().is_some_and(|verified| !verified.is_whole());
        listed.marks.good.is_some() && !is_damaged
    })
}

/// `place` counts from the newest, which is 0.
fn goes(rule: &PruneRule, place: usize, manifest: &Manifest, now: DateTime<Utc>) -> bool {
    let is_old = rule.older_than_days.is_none_or(|days| now - manifest.created_at > TimeDelta::days(days.into()));
    let is_beyond = rule.keep.is_none_or(|keep| place >= keep as usize);
    let has_tag = rule.tag.as_ref().is_none_or(|tag| manifest.tags.contains(tag));
    !rule.is_empty() && is_old && is_beyond && has_tag
}
