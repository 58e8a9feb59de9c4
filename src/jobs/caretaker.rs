//! What a service does with snapshots by itself: takes one when the newest is too old, looks at one again, lets old ones go.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{Desk, Refused};
use crate::{
    model::{
        archive::PruneRule,
        order::{Door, Order, Requester},
        snapshot::Listed,
    },
    plan,
    snapshot::ArchiveError,
};

/// The shortest time between two looks at the archive.
const LOOK_S_MIN: u64 = 60;
/// The longest: snapshots come and go by other hands as well.
const LOOK_S_MAX: u64 = 60 * 60;
/// How often old ones are let go.
const PRUNE_S: u64 = 24 * 60 * 60;

/// Who looks after the snapshots of a service.
pub struct Caretaker {
    desk: Desk,
    pruned: Option<Instant>,
    last: Option<Duty>,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Prune,
    Snapshot,
    Verify,
}

impl Caretaker {
    /// One who gives orders at `desk`.
    #[must_use]
    pub fn at(desk: Desk) -> Self {
        Self { desk, pruned: None, last: None }
    }

    /// Looks after them for ever. What cannot be done now is tried at a later look.
    pub async fn run(mut self) {
        loop {
            let rest = match self.look().await {
                Ok(rest) => rest,
                Err(error) => {
                    tracing::warn!(%error, "the snapshots could not be looked after");
                    Duration::from_secs(LOOK_S_MAX)
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    /// Does one thing that is due; gives the time until something is.
    async fn look(&mut self) -> Result<Duration, ArchiveError> {
        let target = self.desk.target();
        let settings = &target.config.snapshots;
        let (every, verify_every, retention) = (settings.every, settings.verify_every, settings.retention());
        let (listed, now) = (target.archive.list().await?.snapshots, target.clock.now());
        let snapshot = plan::next_snapshot(&listed, every, now);
        let verification = plan::next_verification(&listed, verify_every, now);
        let mut due = Vec::new();
        if self.prunes_now(&listed, &retention, now) {
            due.push((Duty::Prune, Order::Prune { rule: retention, dry_run: false }));
        }
        if snapshot.is_some_and(|at| at <= now) {
            let (message, tags) = (Some("taken by the service".to_owned()), vec!["scheduled".to_owned()]);
            due.push((Duty::Snapshot, Order::Snapshot { message, tags, notes: None, export: false }));
        }
        if let Some((id, _)) = verification.filter(|(_, at)| *at <= now) {
            due.push((Duty::Verify, Order::Verify { snapshot: Some(id), deep: true }));
        }
        self.turn(due).await;
        let next = [snapshot, verification.map(|(_, at)| at)].into_iter().flatten().min();
        let until = next.and_then(|at| (at - now).to_std().ok()).unwrap_or_default();
        let longest = Duration::from_secs(LOOK_S_MAX);
        Ok(if next.is_some() { until.clamp(Duration::from_secs(LOOK_S_MIN), longest) } else { longest })
    }

    /// Does one thing: the first that it did not do last, so that what fails again and again keeps nothing else from being done. Old
    /// snapshots go first, as they may have the room that a new one needs.
    async fn turn(&mut self, mut due: Vec<(Duty, Order)>) {
        let other = due.iter().position(|(duty, _)| Some(*duty) != self.last);
        if due.is_empty() {
            return;
        }
        let (duty, order) = due.swap_remove(other.unwrap_or(0));
        if self.order(order).await {
            self.last = Some(duty);
            self.pruned = if duty == Duty::Prune { Some(Instant::now()) } else { self.pruned };
        }
    }

    /// Whether there is something to let go, and it was not tried lately.
    fn prunes_now(&self, listed: &[Listed], retention: &PruneRule, now: DateTime<Utc>) -> bool {
        let is_time = self.pruned.is_none_or(|last| last.elapsed() >= Duration::from_secs(PRUNE_S));
        is_time && !plan::retention(listed, retention, now, &BTreeMap::new()).doomed.is_empty()
    }

    /// Whether the order was taken. One that finds a job at work waits for a later look.
    async fn order(&self, order: Order) -> bool {
        let by = Requester { name: "windlass".to_owned(), door: Door::Service };
        match self.desk.submit(&by, order, None).await {
            Ok(job) => {
                tracing::info!(job.id = %job.id, "job {}: {} by schedule", job.id, job.kind.as_str());
                true
            }
            Err(Refused::Busy { .. } | Refused::Stopping) => false,
            Err(refused) => {
                tracing::warn!(%refused, "what is due for the snapshots could not be ordered");
                false
            }
        }
    }
}
