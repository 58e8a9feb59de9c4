//! Taking the target back: by down scripts where every one is there, else by a snapshot.

use tokio::time::Instant;

use super::{
    Assignment, Ended, Held, Target,
    apply::{self, Change},
    archived::with_archived,
    course,
    evidence::Evidence,
    loss::{self, Taker},
    migrate::ms_since,
    problem, read_history, recover, restore,
    snapshot::{self, Labels},
    space, validate,
};
use crate::{
    engine::{
        EngineError, Recording,
        bookkeeping::journal::{self, Planned, Signature},
    },
    model::{
        catalog::Catalog,
        finding::Finding,
        history::History,
        job::JobProblem,
        loss::LossDigest,
        migration::Direction,
        order::{RollbackGoal, SnapshotPolicy},
        report::{MigrationResult, RollbackMeans, RunReport},
        snapshot::SnapshotId,
    },
    plan::{self, Backward, Facts},
};

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Where to.
    pub goal: &'a RollbackGoal,
    /// Show the SQL, change nothing.
    pub dry_run: bool,
    /// Whether to validate afterwards.
    pub validate: bool,
    /// The loss that a person has accepted.
    pub accept_loss: Option<&'a LossDigest>,
}

/// A rollback under way.
struct Rollback<'a> {
    target: &'a Target,
    told: &'a Assignment,
    held: &'a mut Held,
    evidence: Evidence,
    recording: Option<Recording>,
    report: RunReport,
    is_paused: bool,
    /// Whether to validate afterwards.
    validate: bool,
    /// The loss that a person has accepted.
    accept_loss: Option<&'a LossDigest>,
    /// What this rollback has done so far; `None`: nothing.
    done: Option<&'static str>,
}

/// Takes the target back.
pub async fn rollback(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    Ask { goal, dry_run, validate, accept_loss }: Ask<'_>,
) -> Ended {
    let started = Instant::now();
    let recording = if dry_run { held.record() } else { None };
    let report = RunReport { dry_run, by: Some(RollbackMeans::DownScripts), ..RunReport::default() };
    let evidence = Evidence::default();
    let (is_paused, done) = (false, None);
    let mut rollback =
        Rollback { target, told, held, evidence, recording, report, is_paused, validate, accept_loss, done };
    let ended = rollback.go(goal).await;
    let done = rollback.done;
    let is_paused = rollback.is_paused;
    let mut report = rollback.report;
    report.findings.append(&mut rollback.evidence.notes);
    report.findings.append(&mut rollback.held.notes);
    report.execution_time_ms = ms_since(started);
    match ended {
        Ok(()) if is_paused => Ended::paused(&report),
        Ok(()) => Ended::well(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem::behind(problem, done), serde_json::to_value(&report).ok())
        }
    }
}

impl Rollback<'_> {
    async fn go(&mut self, goal: &RollbackGoal) -> Result<(), JobProblem> {
        let history = match self.held.begin(self.target, self.told).await {
            Err(EngineError::Cancelled) => {
                self.is_paused = true;
                return Ok(());
            }
            Err(error @ EngineError::HalfRestored(_)) if self.is_to_a_snapshot(goal) => {
                self.told.warning(format!("{error}; another snapshot takes its place"));
                self.held.is_half = true;
                History::default()
            }
            begun => begun.map_err(problem::untouched)?,
        };
        self.report.from.clone_from(&history.version);
        if let RollbackGoal::Snapshot(id) = goal {
            return self.by_snapshot(*id).await;
        }
        let ours = self.target.catalog().await.map_err(|error| problem::catalog(&error))?;
        let needs = self.target.needs(&ours);
        let session = self.held.session().map_err(problem::untouched)?;
        let catalog = with_archived(session, &ours, &history).await.map_err(problem::untouched)?;
        // The snapshot under an interrupted rollback leads forward, not back.
        let upward = history.unfinished.as_ref().filter(|left| left.direction == Direction::Up);
        let interrupted = upward.map(|left| left.run_id.clone());
        let (history, goal) = match self.recovered(history, goal, &catalog).await {
            Ok(left) => left,
            Err(_) if self.is_paused => return Ok(()),
            Err(problem) => return self.behind(goal, interrupted, problem).await,
        };
        let facts = Facts::of(self.target.site(), &catalog, &history, &needs);
        let backward = plan::backward(&facts, &goal, false);
        if backward.blocking.is_empty() && backward.migrations.is_empty() {
            self.told.info("nothing is left to take back");
            self.report.to = history.version;
            return self.validate().await;
        }
        if backward.blocking.is_empty() {
            self.snapshot().await?;
            self.loss(Taker::Scripts(&loss::scripts_down(&backward, &catalog))).await?;
            self.announce(&history, &backward, needs.backend.to_string()).await?;
            return self.by_scripts(&history, &backward, &catalog).await;
        }
        match snapshot_of(self.target, &goal, backward.run.as_deref()).await? {
            Some(id) => self.by_snapshot(id).await,
            None => Err(problem::blocked(&backward.blocking)),
        }
    }

    fn is_to_a_snapshot(&self, goal: &RollbackGoal) -> bool {
        matches!(goal, RollbackGoal::Snapshot(_)) && self.recording.is_none()
    }

    /// Finishes what was interrupted before anything is taken back; gives the goal that is left. A rollback that was
    /// interrupted counts as part of this one: whoever gives the order again must not lose more than was asked.
    async fn recovered(
        &mut self,
        history: History,
        goal: &RollbackGoal,
        catalog: &Catalog,
    ) -> Result<(History, RollbackGoal), JobProblem> {
        let unfinished = history.unfinished.as_ref().filter(|_| self.recording.is_none());
        let Some(unfinished) = unfinished else { return Ok((history, goal.clone())) };
        let keep = (unfinished.direction == Direction::Down).then(|| plan::kept(&history.applied, goal));
        let recovered = recover::recover(self.target, self.told, self.held, &mut self.evidence, catalog, None)
            .await
            .map_err(|stuck| {
                self.is_paused = stuck.is_stopped();
                problem::stuck(&stuck)
            })?;
        self.done = Some(problem::FINISHED);
        self.report.findings.extend(recovered.iter().flat_map(recover::Recovered::findings));
        let session = self.held.session().map_err(problem::untouched)?;
        let history = read_history(session, self.target.engine.words()).await.map_err(problem::untouched)?;
        let left = |keep| u32::try_from(history.applied.len().saturating_sub(keep)).unwrap_or(u32::MAX);
        let goal = keep.map_or_else(|| goal.clone(), |keep| RollbackGoal::Steps(left(keep)));
        Ok((history, goal))
    }

    /// What cannot be finished is taken back by the snapshot under its run; without one, the problem stays.
    async fn behind(
        &mut self,
        goal: &RollbackGoal,
        run: Option<String>,
        problem: JobProblem,
    ) -> Result<(), JobProblem> {
        let Some(id) = snapshot_of(self.target, goal, run.as_deref()).await? else { return Err(problem) };
        self.told.warning(format!("it cannot be finished, so the run is taken back: {}", problem.detail));
        self.by_snapshot(id).await
    }

    async fn by_snapshot(&mut self, id: SnapshotId) -> Result<(), JobProblem> {
        self.report.by = Some(RollbackMeans::Snapshot);
        let manifest = self.target.archive.find(id).await.map_err(|error| problem::archive(&error))?;
        if !self.held.is_half {
            self.loss(Taker::Snapshot(&manifest)).await?;
        }
        if self.recording.is_some() {
            self.report.to = manifest.db_version;
            return Ok(());
        }
        let before = restore::restore(self.target, self.told, self.held, id, restore::Force::No).await?;
        self.report.snapshot = before.map(|before| before.id);
        self.done = Some(problem::CHANGED);
        let session = self.held.session().map_err(problem::untouched)?;
        let history = read_history(session, self.target.engine.words()).await.map_err(problem::untouched)?;
        self.report.to = history.version;
        self.validate().await
    }

    /// Counts what would be taken away, which somebody must have accepted where the policy says so.
    async fn loss(&mut self, taker: Taker<'_>) -> Result<(), JobProblem> {
        loss::must_be_accepted(self.target, self.told, self.held, taker, self.accept_loss, &mut self.report).await
    }

    /// Makes the snapshot under the rollback: down scripts lose what they drop, so the state before is kept.
    async fn snapshot(&mut self) -> Result<(), JobProblem> {
        if self.recording.is_some() || self.target.config.policy.snapshot == SnapshotPolicy::Never {
            return Ok(());
        }
        let labels = Labels {
            message: Some("before a rollback by down scripts".to_owned()),
            tags: vec!["before-rollback".to_owned()],
            notes: None,
        };
        space::ensure(self.target, self.told, self.held, &space::Work::Snapshot).await?;
        let manifest = snapshot::take(self.target, self.told, self.held, labels, snapshot::Rows::Kept).await?;
        self.report.snapshot = Some(manifest.id);
        Ok(())
    }

    /// Writes into the journal what is meant to be taken back, with the version each step leaves.
    async fn announce(
        &mut self,
        history: &History,
        backward: &Backward,
        backend_version: String,
    ) -> Result<(), JobProblem> {
        let signature = Signature {
            run: self.told.job.0,
            backend_version,
            applied_by: self.told.applied_by(""),
            epoch: self.held.epoch,
        };
        let planned: Vec<Planned> = (1..)
            .zip(&backward.migrations)
            .map(|(seq, step)| {
                let below = history.applied.iter().rev().find(|row| row.number < step.number);
                Planned {
                    seq,
                    direction: Direction::Down,
                    name: step.id.clone(),
                    number: below.map_or(0, |row| row.number),
                    version: below.map_or_else(|| "0.0.0".to_owned(), |row| row.version.to_string()),
                    description: format!("took back {}", step.id),
                    checksum: None,
                    bytes_sha256: None,
                    rollback_available: false,
                }
            })
            .collect();
        let session = self.held.session().map_err(problem::untouched)?;
        failpoint!("down.before", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
        journal::plan_run(session, &signature, &planned).await.map_err(problem::untouched)?;
        failpoint!("down.announced", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
        if let Some(recording) = &self.recording {
            drop(recording.take());
        }
        Ok(())
    }

    async fn by_scripts(
        &mut self,
        history: &History,
        backward: &Backward,
        catalog: &Catalog,
    ) -> Result<(), JobProblem> {
        let total = backward.migrations.iter().map(|step| step.statements.len() as u64).sum();
        self.told.progress.update(|progress| progress.count(0, total));
        course::planned(self.told, &backward.migrations);
        self.report.to.clone_from(&history.version);
        let by_id = catalog.by_id();
        for (seq, step) in (1..).zip(&backward.migrations) {
            if self.told.is_stopping() {
                self.told.info(format!("stopped before {}", step.id));
                self.is_paused = true;
                return Ok(());
            }
            let Some(&migration) = by_id.get(&step.id) else { continue };
            let script = migration.down.as_ref().filter(|_| !step.statements.is_empty());
            let change = Change {
                migration,
                direction: Direction::Down,
                script,
                backfill: None,
                run: self.told.job.0,
                seq,
                number: step.number,
            };
            self.one(&change).await?;
            if self.is_paused {
                return Ok(());
            }
            let below = history.applied.iter().rev().find(|row| row.number < step.number);
            self.report.to = below.map(|row| row.version.clone());
        }
        self.validate().await
    }

    async fn one(&mut self, change: &Change<'_>) -> Result<(), JobProblem> {
        let name = change.migration.identity.to_string();
        self.told.step(format!("taking back {name}"));
        self.evidence.begin();
        let started = Instant::now();
        let before = self.told.progress.now().completed;
        let applied = apply::apply(self.target, self.told, self.held, &mut self.evidence, change).await;
        let done = before + change.statements().len() as u64;
        self.told.progress.update(|progress| progress.count(done, progress.total));
        if matches!(&applied, Err(failed) if matches!(failed.error, EngineError::Cancelled)) {
            self.is_paused = true;
            return Ok(());
        }
        let problem = applied.err().map(|failed| problem::migration(&name, &failed));
        let statements = match &self.recording {
            Some(recording) => recording.take(),
            None => change.statements().iter().map(|statement| statement.sql.clone()).collect(),
        };
        self.report.migrations.push(MigrationResult {
            number: change.number,
            id: name.clone(),
            version: change.migration.identity.version.clone(),
            description: change.migration.description.clone(),
            direction: Direction::Down,
            success: problem.is_none(),
            execution_time_ms: ms_since(started),
            statements,
            error: problem.as_ref().map(|problem| problem.detail.clone()),
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        self.told.info(format!("{name} taken back in {} ms", ms_since(started)));
        if self.recording.is_none() {
            self.done = Some(problem::CHANGED);
        }
        Ok(())
    }

    async fn validate(&mut self) -> Result<(), JobProblem> {
        if self.recording.is_some() || !self.validate {
            return Ok(());
        }
        let catalog = self.target.catalog().await.map_err(|error| problem::catalog(&error))?;
        let found = validate::after_hop(self.target, self.told, self.held, &catalog, true).await?;
        let issues = found.as_ref().map(|report| report.critical_issues.clone()).unwrap_or_default();
        self.report.validation = found;
        // Whoever goes back by steps may be newer than the application still: that is not what the steps made.
        let critical: Vec<Finding> = issues.into_iter().filter(|issue| issue.rule != plan::NEWER).collect();
        if critical.is_empty() { Ok(()) } else { Err(problem::invalid(&critical)) }
    }
}

/// The snapshot under the last run, which stands in for down scripts that are not there or do not help; without one, the last
/// that is known to be good.
///
/// # Errors
/// When archive or store cannot be read.
pub async fn snapshot_of(
    target: &Target,
    goal: &RollbackGoal,
    run: Option<&str>,
) -> Result<Option<SnapshotId>, JobProblem> {
    if *goal != RollbackGoal::LastRun {
        return Ok(None);
    }
    let under = match run {
        Some(run) => snapshot::under_run(target, run).await?,
        None => None,
    };
    if under.is_some() {
        return Ok(under);
    }
    let listed = target.archive.list().await.map_err(|error| problem::archive(&error))?.snapshots;
    Ok(plan::last_good(&listed).map(|good| good.manifest.id))
}
