//! What a service does with snapshots by itself, and when.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::snapshot::{Listed, SnapshotId};

/// When the next snapshot is due: `every` after the newest (`listed` is newest first), at once without any; `None` when none
/// is to be taken.
#[must_use]
pub fn next_snapshot(listed: &[Listed], every: Duration, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let every = span(every)?;
    Some(listed.first().map_or(now, |newest| newest.manifest.created_at + every))
}

/// Which snapshot is due to be looked at next, and when: `every` after the last look in depth; first the newest that nobody
/// looked at, then the one whose look is the longest ago. `None` when there is none, or none is to be looked at.
#[must_use]
pub fn next_verification(
    listed: &[Listed],
    every: Duration,
    now: DateTime<Utc>,
) -> Option<(SnapshotId, DateTime<Utc>)> {
    let every = span(every)?;
    let looked = |listed: &Listed| listed.marks.verified.as_ref().filter(|mark| mark.deep).map(|mark| mark.at);
    let at = listed.iter().filter_map(looked).max().map_or(now, |last| last + every);
    let unseen = listed.iter().find(|listed| looked(listed).is_none());
    let next = unseen.or_else(|| listed.iter().min_by_key(|listed| looked(listed)))?;
    Some((next.manifest.id, at))
}

/// `None` for a time of nothing, which turns it off.
fn span(every: Duration) -> Option<TimeDelta> {
    TimeDelta::from_std(every).ok().filter(|every| !every.is_zero())
}
