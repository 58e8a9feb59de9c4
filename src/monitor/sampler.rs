//! The one who looks: on its own connection, once an interval, and at once when a run of ours begins or ends. Where the engine can
//! tell, at once as well when a run of another process has changed something.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{DatabaseVersion, Figures, HealthBoard, Sample, VersionAnswer};
use crate::{
    catalog::CatalogError,
    engine::{EngineError, Session, Words},
    model::{
        catalog::Catalog,
        finding::{Finding, Severity},
        health::{Condition, Health, LastMigration},
        history::History,
        job::JobKind,
    },
    plan::{self, Facts},
    procedure::{Target, looked_at, read_history},
};

/// How long one look may take before the target counts as unreachable.
const LOOK_MS_MAX: u64 = 5_000;

/// How long after a look nobody is heard: so many calls come to one look.
const REST_MS: u64 = 250;

/// How long what was seen last holds while somebody's transaction keeps a look out, and no run is at work.
const KEPT_OUT_S_MAX: u64 = 30;

/// A catalog that was read, and the state that its folder was in before.
#[derive(Clone, Default)]
pub struct Reading {
    catalog: Arc<Catalog>,
    stamp: Option<SystemTime>,
}

impl Reading {
    /// The catalog as it is now.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn of(target: &Target) -> Result<Self, CatalogError> {
        let stamp = stamp_of(target).await;
        // A catalog that was read in the middle of a change is read again at the next look.
        Ok(Self { catalog: target.catalog().await?, stamp })
    }

    /// What was read.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}

/// The one who looks.
pub struct Sampler {
    target: Target,
    board: HealthBoard,
    running: watch::Receiver<Option<JobKind>>,
    read: Reading,
    /// The state of the folder that could not be read and was told of.
    told: Option<SystemTime>,
    session: Option<Box<dyn Session>>,
    /// What the target answered last; `None` when it is out of reach.
    seen: Option<Seen>,
    /// It was opened for the look that is at work, or the last one.
    is_new: bool,
    /// How long it took to open the session, or the one before.
    connection_ms: u64,
}

/// What the target answered.
struct Seen {
    at: Instant,
    history: History,
    locked: bool,
    tables: u64,
    query_ms: u64,
}

impl Sampler {
    /// A sampler that hangs its samples on `board` and begins with the catalog as it was `read`; `running` says which kind of job of
    /// this process begins, and when it ends.
    #[must_use]
    pub fn new(target: Target, board: HealthBoard, running: watch::Receiver<Option<JobKind>>, read: Reading) -> Self {
        Self { target, board, running, read, told: None, session: None, seen: None, is_new: false, connection_ms: 0 }
    }

    /// Looks until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(self.target.config.health.interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut rested = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
                changed = self.running.changed() => if changed.is_err() { break },
                () = heard(&mut self.session, rested) => {}
            }
            self.reread().await;
            self.look().await;
            rested = Instant::now() + Duration::from_millis(REST_MS);
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Reads the catalog again when its folder changed; an unusable one is told and the last good one stays.
    async fn reread(&mut self) {
        let stamp = stamp_of(&self.target).await;
        if stamp == self.read.stamp {
            return;
        }
        match Reading::of(&self.target).await {
            Ok(read) => self.read = read,
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
            Ok(seen) => {
                let sample = self.sample(&seen, is_run(ours, seen.locked));
                self.seen = Some(seen);
                sample
            }
            Err(error) => {
                if let Some(sample) = self.kept_out(ours, &error).await {
                    sample
                } else {
                    tracing::warn!(%error, "the health check could not ask the target");
                    (self.session, self.seen) = (None, None);
                    unreachable(&self.board.read(), &self.target)
                }
            }
        };
        self.board.show(sample);
        self.listen().await;
    }

    /// Has a new session hear, where the engine can tell: behind the answer, which does not wait for another connection. It hears
    /// something at once, so that what has changed in between is looked at. An empty
    /// database may not exist yet, and a session that saw none would never see the one that is made later: it is let go. A server's
    /// that hears is there.
    async fn listen(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        let is_empty = self.seen.as_ref().is_some_and(|seen| seen.history.applied.is_empty());
        if std::mem::take(&mut self.is_new) {
            session.listen().await;
        }
        if is_empty && !session.hears() {
            session.close().await;
        } else {
            self.session = Some(session);
        }
    }

    async fn open(&mut self) -> Result<Box<dyn Session>, EngineError> {
        let began = Instant::now();
        let session = self.target.engine.open_to_read().await?;
        self.connection_ms = ms_since(began);
        self.is_new = true;
        Ok(session)
    }

    async fn ask(&mut self) -> Result<Seen, EngineError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.open().await?,
        };
        let answered = ask(&self.target, session.as_mut(), &self.read.catalog).await;
        if matches!(answered, Ok(_) | Err(EngineError::Blocked { .. })) {
            self.session = Some(session);
        }
        answered
    }

    /// What was seen last, with whether a run is at work now, when a transaction kept the look out: a large one of a run, or of the
    /// application. `None`: the look failed otherwise, or the transaction is no run's and takes too long.
    async fn kept_out(&mut self, ours: Option<JobKind>, error: &EngineError) -> Option<Sample> {
        let seen = self.seen.as_ref().filter(|_| matches!(error, EngineError::Blocked { .. }))?;
        let last = self.board.read();
        let locked = match &mut self.session {
            Some(session) => session.is_locked().await.unwrap_or(false),
            None => last.condition == Condition::Migrating,
        };
        let running = is_run(ours, locked);
        if !running && seen.at.elapsed() > Duration::from_secs(KEPT_OUT_S_MAX) {
            return None;
        }
        tracing::debug!(%error, "the health check was kept out");
        let mut sample = self.sample(seen, running);
        sample.health.checked_at = last.health.checked_at;
        Some(sample)
    }

    fn sample(&self, seen: &Seen, running: bool) -> Sample {
        let mut sample = sample(&self.target, &self.read.catalog, &seen.history, running);
        let Figures { executed, valid, .. } = sample.figures;
        let (connection_ms, query_ms) = (self.connection_ms, seen.query_ms);
        sample.figures = Figures { connection_ms, query_ms, tables: seen.tables, executed, valid };
        sample
    }
}

async fn ask(target: &Target, session: &mut dyn Session, catalog: &Catalog) -> Result<Seen, EngineError> {
    let began = Instant::now();
    let words = target.engine.words();
    let history = read_history(session, words).await?;
    let locked = session.is_locked().await?;
    let history = looked_at(target, session, catalog, history).await?;
    let tables = count_tables(session, words).await?;
    Ok(Seen { at: began, history, locked, tables, query_ms: ms_since(began) })
}

/// Waits until a session that has rested hears of a change. One that was lost is let go: the next look opens another, so that a
/// server which ends every session is not asked more often for it.
async fn heard(session: &mut Option<Box<dyn Session>>, rested: Instant) {
    if let Some(open) = session {
        tokio::time::sleep_until(rested).await;
        if open.heard().await.is_ok() {
            return;
        }
        *session = None;
    }
    std::future::pending::<()>().await;
}

/// The state that the catalog's folder is in.
async fn stamp_of(target: &Target) -> Option<SystemTime> {
    tokio::fs::metadata(&target.config.catalog.path).await.and_then(|meta| meta.modified()).ok()
}

/// Whether a run is at work: one of ours, or that of whoever holds the lock. Who makes a snapshot holds it as well, and changes nothing.
fn is_run(ours: Option<JobKind>, locked: bool) -> bool {
    match ours {
        Some(kind) if kind.is_run() => true,
        Some(kind) if kind.only_looks() => false,
        _ => locked,
    }
}

fn sample(target: &Target, catalog: &Catalog, history: &History, running: bool) -> Sample {
    let needs = target.needs(catalog);
    let facts = Facts::of(target.site(), catalog, history, &needs);
    let (condition, health) = plan::health(&facts, running, target.clock.now());
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
    let is_critical = |finding: &Finding| finding.severity == Severity::Critical;
    let valid = history.unfinished.is_none() && !plan::of_history(&facts).iter().any(is_critical);
    let figures = Figures { executed: history.applied.len(), valid, ..Figures::default() };
    Sample { health, condition, figures, version }
}

/// The application's tables, counted.
async fn count_tables(session: &mut dyn Session, words: &Words) -> Result<u64, EngineError> {
    let rows = session.query(words.count_foreign_tables, &[]).await?;
    let count = rows.first().map_or(Ok(None), |row| row.int(0))?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

fn ms_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The last sample, with the target out of reach.
fn unreachable(last: &Sample, target: &Target) -> Sample {
    const REASON: &str = "The database cannot be reached";
    let mut sample = last.clone();
    let now = target.clock.now();
    sample.condition = Condition::Unreachable;
    sample.health = Health {
        status: sample.condition.status(),
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
