//! A run to a newer version, hop by hop.

use semver::Version;
use tokio::time::Instant;

use super::{
    Assignment, Ended, Held, Target,
    apply::{self, Change, Failed, Left},
    archived::{self, with_archived, with_prints},
    course, declared,
    evidence::Evidence,
    keys, looked_at,
    loss::{self, Taker},
    problem, read_history,
    recover::{self, Stuck},
    rehearsed_if_demanded, risky, snapshot, space, trust,
    undo::{self, Undone},
    validate,
};
use crate::{
    engine::{
        EngineError, Recording,
        bookkeeping::journal::{self, Planned, Signature},
    },
    model::{
        catalog::Catalog,
        finding::Finding,
        job::JobProblem,
        loss::LossDigest,
        migration::{Direction, Migration},
        order::{InDoubt, SnapshotPolicy},
        plan::{Plan, RollbackKind},
        report::{MigrationResult, RunReport},
    },
    plan::{self, Facts, Needs},
};

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// To this version; `None`: the required one.
    pub to: Option<&'a Version>,
    /// Show the SQL, change nothing.
    pub dry_run: bool,
    /// Whether to make a snapshot first; `None`: as configured.
    pub snapshot: Option<SnapshotPolicy>,
    /// Whether to validate after each hop.
    pub validate: bool,
    /// What a person says of a statement that nothing else tells about.
    pub in_doubt: Option<InDoubt>,
    /// The loss that a person has accepted.
    pub accept_loss: Option<&'a LossDigest>,
    /// Only to finish what was interrupted.
    pub only_left: bool,
}

impl Ask<'_> {
    /// To finish what was interrupted, and nothing else.
    pub const WHAT_IS_LEFT: Self = Self {
        to: None,
        dry_run: false,
        snapshot: None,
        validate: true,
        in_doubt: None,
        accept_loss: None,
        only_left: true,
    };
}

/// Why a job ended before its goal.
pub(super) enum Short {
    /// Somebody asked it to stop.
    Paused,
    /// Something went wrong.
    Problem(Box<JobProblem>),
}

impl From<JobProblem> for Short {
    fn from(problem: JobProblem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

/// A run under way.
struct Run<'a> {
    target: &'a Target,
    told: &'a Assignment,
    held: &'a mut Held,
    ask: Ask<'a>,
    evidence: Evidence,
    recording: Option<Recording>,
    report: RunReport,
    /// What this run has done so far, in words for its end; `None`: nothing.
    done: Option<&'static str>,
}

/// Takes the target to a newer version.
pub async fn migrate(target: &Target, told: &Assignment, held: &mut Held, ask: Ask<'_>) -> Ended {
    let started = Instant::now();
    let recording = if ask.dry_run { held.record() } else { None };
    let report = RunReport { dry_run: ask.dry_run, ..RunReport::default() };
    let mut run = Run { target, told, held, ask, evidence: Evidence::default(), recording, report, done: None };
    let ended = run.go().await;
    let done = run.done;
    let mut report = run.report;
    report.findings.append(&mut run.evidence.notes);
    report.findings.append(&mut run.held.notes);
    report.execution_time_ms = ms_since(started);
    match ended {
        Ok(()) => Ended::well(&report),
        Err(Short::Paused) => Ended::paused(&report),
        Err(Short::Problem(problem)) => {
            told.error(problem.detail.clone());
            let problem = problem::behind(*problem, done);
            let problem = snapshot::named(target, held, problem, report.snapshot).await;
            Ended::badly(problem, serde_json::to_value(&report).ok())
        }
    }
}

impl Run<'_> {
    async fn go(&mut self) -> Result<(), Short> {
        let catalog = self.target.catalog().await.map_err(|error| problem::catalog(&error))?;
        let needs = self.target.needs(&catalog);
        let mut history = self.held.begin(self.target, self.told).await.map_err(not_begun)?;
        self.report.from.clone_from(&history.version);
        let mut is_left = history.unfinished.is_some() && self.recording.is_none();
        if is_left {
            let session = self.held.session().map_err(problem::untouched)?;
            let catalog = with_archived(session, &catalog, &history).await.map_err(problem::untouched)?;
            self.finish_what_is_left(&catalog).await?;
            let session = self.held.session().map_err(problem::untouched)?;
            history = read_history(session, self.target.engine.words()).await.map_err(problem::untouched)?;
        } else if history.unfinished.is_some() {
            let session = self.held.session().map_err(problem::untouched)?;
            history = looked_at(self.target, session, &catalog, history).await.map_err(problem::untouched)?;
        }
        is_left |= !self.held.notes.is_empty();
        self.report.to.clone_from(&history.version);
        if self.ask.only_left {
            return self.validate(&catalog).await;
        }
        let session = self.held.session().map_err(problem::untouched)?;
        let history = with_prints(session, &catalog, history).await.map_err(problem::untouched)?;
        let facts = Facts::of(self.target.site(), &catalog, &history, &needs);
        let keys = keys(self.target, session, &facts).await.map_err(problem::untouched)?;
        let trust = trust(self.target, session, &facts).await.map_err(problem::untouched)?;
        let rehearsed =
            rehearsed_if_demanded(self.target, session, &facts).await.map_err(|error| problem::unread(&error))?;
        let facts = facts.keyed(&keys).trusting(&trust).rehearsed_if(rehearsed.as_ref());
        let seen = risky(&facts, session).await.map_err(problem::untouched)?;
        let facts = seen.iter().fold(facts, |facts, (schema, server)| facts.sized(schema).on(server));
        let plan = plan::forward(&facts, self.ask.to, false);
        self.report.findings.extend(plan.findings.iter().cloned());
        if !plan.ready {
            return Err(problem::blocked(&plan.blocking).into());
        }
        if plan.hops.is_empty() {
            self.told.info("nothing is pending");
            return if is_left { self.validate(&catalog).await } else { Ok(()) };
        }
        self.told.progress.update(|progress| progress.count(0, plan.statement_count()));
        course::planned(self.told, plan.hops.iter().flat_map(|hop| &hop.migrations));
        self.snapshot(&plan, &catalog).await?;
        self.loss(&plan, &catalog).await?;
        self.announce(&plan, &catalog, &needs).await?;
        self.hops(&plan, &catalog).await
    }

    /// Finishes what was interrupted.
    async fn finish_what_is_left(&mut self, catalog: &Catalog) -> Result<(), Short> {
        let answer = self.ask.in_doubt;
        let recovering = recover::recover(self.target, self.told, self.held, &mut self.evidence, catalog, answer);
        let recovered = recovering.await.map_err(short)?;
        self.done = Some(problem::FINISHED);
        self.report.findings.extend(recovered.iter().flat_map(recover::Recovered::findings));
        Ok(())
    }

    /// Sees that the run fits on the disks, and makes the snapshot under it, where the policy wants one.
    async fn snapshot(&mut self, plan: &Plan, catalog: &Catalog) -> Result<(), Short> {
        let policy = self.ask.snapshot.unwrap_or(self.target.config.policy.snapshot);
        let is_covered = |kind| matches!(kind, RollbackKind::Proven | RollbackKind::Claimed);
        let covered = plan.hops.iter().flat_map(|hop| &hop.migrations).all(|m| is_covered(m.rollback));
        let wanted = match policy {
            SnapshotPolicy::Always => true,
            SnapshotPolicy::Required => !covered,
            SnapshotPolicy::Never => false,
        };
        if self.recording.is_some() {
            return Ok(());
        }
        let work = space::Work::Run { plan, catalog, with_snapshot: wanted };
        space::ensure(self.target, self.told, self.held, &work).await?;
        if !wanted {
            return Ok(());
        }
        let goal = plan.goal_version.as_ref().map(ToString::to_string).unwrap_or_default();
        let labels = snapshot::Labels {
            message: Some(format!("before the run to {goal}")),
            tags: vec!["before-run".to_owned(), snapshot::tag_of_run(&self.told.job.to_string())],
            notes: None,
        };
        let manifest = snapshot::take(self.target, self.told, self.held, labels, snapshot::Rows::Kept).await?;
        self.report.snapshot = Some(manifest.id);
        Ok(())
    }

    /// Counts what the run would take away, which somebody must have accepted where the policy says so.
    async fn loss(&mut self, plan: &Plan, catalog: &Catalog) -> Result<(), JobProblem> {
        let scripts = loss::scripts_up(plan, catalog);
        let (taker, given) = (Taker::Scripts(&scripts), self.ask.accept_loss);
        loss::must_be_accepted(self.target, self.told, self.held, taker, given, &mut self.report).await
    }

    /// Writes into the journal what the run means to do.
    async fn announce(&mut self, plan: &Plan, catalog: &Catalog, needs: &Needs) -> Result<(), Short> {
        let signature = Signature {
            run: self.told.job.0,
            backend_version: needs.backend.to_string(),
            applied_by: self.told.applied_by(""),
            epoch: self.held.epoch,
        };
        let by_id = catalog.by_id();
        let steps = plan.hops.iter().flat_map(|hop| &hop.migrations);
        let applied = steps.filter_map(|step| by_id.get(&step.id).copied());
        let planned: Vec<Planned> = (1..)
            .zip(plan.hops.iter().flat_map(|hop| &hop.migrations))
            .filter_map(|(seq, step)| Some(Planned::up(seq, step.number, by_id.get(&step.id)?)))
            .collect();
        let session = self.held.session().map_err(problem::untouched)?;
        failpoint!("announce.before", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
        journal::plan_run(session, &signature, &planned).await.map_err(problem::untouched)?;
        archived::keep(self.target, session, self.told, signature.epoch, applied).await.map_err(problem::untouched)?;
        failpoint!("announce.after", |fault| problem::untouched(crate::engine::EngineError::fault(fault)));
        if let Some(recording) = &self.recording {
            drop(recording.take());
        }
        Ok(())
    }

    async fn hops(&mut self, plan: &Plan, catalog: &Catalog) -> Result<(), Short> {
        let by_id = catalog.by_id();
        let mut seq = 0;
        for hop in &plan.hops {
            for step in &hop.migrations {
                seq += 1;
                if self.told.is_stopping() {
                    self.told.info(format!("stopped before {}", step.id));
                    return Err(Short::Paused);
                }
                if let Some(migration) = by_id.get(&step.id) {
                    self.one(migration, seq, step.number).await?;
                }
            }
            self.report.to = Some(hop.to.clone());
            let is_last = plan.hops.last().is_some_and(|last| last.to == hop.to);
            match hop.migrations.last().filter(|_| !is_last && self.ask.validate && self.recording.is_none()) {
                Some(newest) => validate::between_hops(self.held, &hop.to, newest.number).await?,
                None if is_last => self.validate(catalog).await?,
                None => {}
            }
        }
        Ok(())
    }

    /// One migration, with what its failure means.
    async fn one(&mut self, migration: &Migration, seq: u32, number: i64) -> Result<(), Short> {
        let name = migration.identity.to_string();
        self.told.step(&name);
        let started = Instant::now();
        self.evidence.begin();
        let before = self.told.progress.now().completed;
        let change = Change {
            migration,
            direction: Direction::Up,
            script: Some(&migration.up),
            backfill: migration.backfill.as_ref(),
            run: self.told.job.0,
            seq,
            number,
        };
        let applied = apply::apply(self.target, self.told, self.held, &mut self.evidence, &change).await;
        let done = before + migration.statement_count();
        self.told.progress.update(|progress| progress.count(done, progress.total));
        let failed = match applied {
            Ok(()) => {
                self.told.info(format!("{name} applied in {} ms", ms_since(started)));
                if self.recording.is_none() {
                    self.done = Some(problem::CHANGED);
                }
                self.tell(&change, started, None);
                return Ok(());
            }
            Err(failed) if matches!(failed.error, EngineError::Cancelled) => return Err(Short::Paused),
            Err(failed) => self.taken_back(&change, failed).await,
        };
        let problem = problem::migration(&name, &failed);
        self.tell(&change, started, Some(problem.detail.clone()));
        if migration.critical || failed.left != Left::AsBefore {
            return Err(problem.into());
        }
        self.go_on(&change, &problem).await
    }

    /// Where a failure left something, tries to take it back.
    async fn taken_back(&mut self, change: &Change<'_>, failed: Failed) -> Failed {
        let Left::InFlight { done } = failed.left else { return failed };
        let left = match undo::undo(self.target, self.told, self.held, &self.evidence, change, done).await {
            Ok(Undone::Back) => Left::AsBefore,
            Ok(Undone::Half) => Left::HalfBack,
            Ok(Undone::Not) => failed.left,
            Err(EngineError::Blocked { .. } | EngineError::Cancelled) => Left::TakingBack,
            Err(_) => Left::Unknown,
        };
        Failed { left, ..failed }
    }

    /// A migration that is not critical failed: it is recorded as failed, and the run goes on.
    async fn go_on(&mut self, change: &Change<'_>, problem: &JobProblem) -> Result<(), Short> {
        let name = change.migration.identity.to_string();
        self.told.warning(format!("{name} failed and is not critical: {}", problem.detail));
        apply::record_failure(self.target, self.told, self.held, change, &problem.detail)
            .await
            .map_err(problem::untouched)?;
        self.report.findings.push(
            Finding::warning("failed-not-critical", name, problem.detail.clone())
                .remedy("put what is missing into a new migration"),
        );
        Ok(())
    }

    fn tell(&mut self, change: &Change<'_>, started: Instant, error: Option<String>) {
        let statements = match &self.recording {
            Some(recording) => recording.take(),
            None => change.texts(),
        };
        self.report.migrations.push(MigrationResult {
            number: change.number,
            id: change.migration.identity.to_string(),
            version: change.migration.identity.version.clone(),
            description: change.migration.description.clone(),
            direction: change.direction,
            success: error.is_none(),
            execution_time_ms: ms_since(started),
            statements,
            error,
        });
    }

    /// Looks at what a hop left, and keeps its schema for later comparisons.
    async fn validate(&mut self, catalog: &Catalog) -> Result<(), Short> {
        if self.recording.is_some() {
            return Ok(());
        }
        let mut net = declared::Net::default();
        let cast = Box::pin(declared::behind_run(self.target, self.told, self.held, catalog, &mut net)).await;
        self.report.added = net.added;
        self.report.findings.extend(net.findings);
        cast?;
        let found = validate::after_hop(self.target, self.told, self.held, catalog, self.ask.validate).await?;
        let critical = found.as_ref().map(|report| report.critical_issues.clone()).unwrap_or_default();
        let is_good = found.as_ref().is_some_and(|report| report.overall);
        self.report.validation = found;
        if !critical.is_empty() {
            return Err(problem::invalid(&critical).into());
        }
        if let Some(id) = self.report.snapshot.filter(|_| is_good) {
            snapshot::is_good(self.target, self.told, id).await;
        }
        Ok(())
    }
}

/// It was stopped, or failed, before anything was changed.
fn not_begun(error: EngineError) -> Short {
    match error {
        EngineError::Cancelled => Short::Paused,
        error => problem::untouched(error).into(),
    }
}

/// Finishing what was interrupted was stopped, or did not come about.
fn short(stuck: Stuck) -> Short {
    match stuck {
        stuck if stuck.is_stopped() => Short::Paused,
        stuck => problem::stuck(&stuck).into(),
    }
}

/// Milliseconds since `started`.
pub(super) fn ms_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
