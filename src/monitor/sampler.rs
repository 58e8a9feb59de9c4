//! The one who looks: on its own connection, once an interval, and at once when a run of ours begins or ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{DatabaseVersion, HealthBoard, Sample, VersionAnswer};
use crate::{
    engine::{EngineError, Session},
    model::{
        catalog::Catalog,
        health::{Health, HealthStatus, LastMigration},
        history::History,
    },
    plan::{self, Facts},
    procedure::{Target, looked_at, read_history},
};

/// How long one look may take before the target counts as unreachable.
const LOOK_MS_MAX: u64 = 5_000;

/// The one who looks.
pub struct Sampler {
    target: Target,
    board: HealthBoard,
    running: watch::Receiver<bool>,
    catalog: Arc<Catalog>,
    stamp: Option<std::time::SystemTime>,
    /// The state of the folder that could not be read and was told of.
    told: Option<std::time::SystemTime>,
    session: Option<Box<dyn Session>>,
}

impl Sampler {
    /// A sampler that hangs its samples on `board`; `running` says when a job of this process begins and ends.
    #[must_use]
    pub fn new(target: Target, board: HealthBoard, running: watch::Receiver<bool>) -> Self {
        Self { target, board, running, catalog: Arc::default(), stamp: None, told: None, session: None }
    }

    /// Looks until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(self.target.config.health.interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
                changed = self.running.changed() => if changed.is_err() { break },
            }
            self.reread().await;
            self.look().await;
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Reads the catalog again when its folder changed; an unusable one is told and the last good one stays.
    async fn reread(&mut self) {
        let stamp = tokio::fs::metadata(&self.target.config.catalog.path).await.and_then(|meta| meta.modified()).ok();
        if stamp == self.stamp {
            return;
        }
        match self.target.catalog().await {
            // A catalog that was read in the middle of a change is read again at the next look.
            Ok(catalog) => (self.catalog, self.stamp) = (catalog, stamp),
            Err(_) if self.told == stamp => {}
            Err(error) => {
                self.told = stamp;
                tracing::warn!(%error, "the catalog cannot be read; health goes by the last one that could");
            }
        }
    }

    async fn look(&mut self) {
        let ours = *self.running.borrow_and_update();
        let (deadline, began) = (Duration::from_millis(LOOK_MS_MAX), Instant::now());
        let seen = match tokio::time::timeout(deadline, self.ask()).await {
            Ok(seen) => seen,
            Err(_) => Err(EngineError::TimedOut(deadline)),
        };
        self.target.meters.looked(began.elapsed(), seen.is_ok());
        let sample = match seen {
            Ok((history, locked)) => sample(&self.target, &self.catalog, &history, ours || locked),
            Err(error) => {
                tracing::warn!(%error, "the health check could not ask the target");
                self.session = None;
                unreachable(&self.board.read(), &self.target)
            }
        };
        self.board.show(sample);
    }

    async fn ask(&mut self) -> Result<(History, bool), EngineError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.target.engine.open_to_read().await?,
        };
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        let locked = session.is_locked().await?;
        let history = looked_at(&self.target, session.as_mut(), &self.catalog, history).await?;
        // An empty database may not exist yet; a session that saw none would never see the one that is made later.
        if history.applied.is_empty() {
            session.close().await;
        } else {
            self.session = Some(session);
        }
        Ok((history, locked))
    }
}

fn sample(target: &Target, catalog: &Catalog, history: &History, running: bool) -> Sample {
    let needs = target.needs(catalog);
    let facts = Facts::of(target.site(), catalog, history, &needs);
    let health = plan::health(&facts, running, target.clock.now());
    let database = DatabaseVersion {
        version: health.actual_db_version.clone(),
        migration_number: health.last_migration.as_ref().map_or(0, |last| last.number),
        last_migration: health
            .last_migration
            .clone()
            .map(|last| LastMigration { applied_by: history.last().and_then(|row| row.applied_by.clone()), ..last }),
        total_migrations_available: catalog.migrations.len(),
    };
    let version =
        VersionAnswer { database, compatible: health.compatible, reason: health.compatibility_reason.clone() };
    Sample { health, reachable: true, version }
}

/// The last sample, with the target out of reach.
fn unreachable(last: &Sample, target: &Target) -> Sample {
    const REASON: &str = "The database cannot be reached";
    let mut sample = last.clone();
    let now = target.clock.now();
    sample.reachable = false;
    sample.health = Health {
        status: HealthStatus::Error,
        compatible: false,
        compatibility_reason: REASON.to_owned(),
        checked_at: now,
        timestamp: now,
        ..sample.health
    };
    sample.version.compatible = false;
    REASON.clone_into(&mut sample.version.reason);
    sample
}

/// The sample that hangs before anybody has looked.
#[must_use]
pub fn not_yet(target: &Target, catalog: &Catalog) -> Sample {
    let first = sample(target, catalog, &History::default(), false);
    unreachable(&first, target)
}
