//! A migration's own test: rows before, assertions behind the way up and the way back, in a scratch database.
//!
//! [`check`] runs the statements of one test; here is which migrations are tested, and on what.

mod check;
mod problem;

use tokio::time::Instant;

use super::{
    Assignment, Ended, Held, Target, beside,
    migrate::{Short, ms_since},
    name_of,
    problem::{catalog as unusable, untouched},
    read_history,
    rehearse::{Original, Ran, Scene, Validation},
};
use crate::{
    model::{
        catalog::Catalog,
        job::{JobEvent, JobProblem},
        migration::Migration,
        rehearsal::RehearsalFrom,
        testing::{MigrationTest, Moment, TestFailure, TestOutcome, TestReport, Tested, Tests},
    },
    plan::Facts,
};

/// Tests under way.
struct Testing<'a> {
    told: &'a Assignment,
    original: Original<'a>,
    catalog: &'a Catalog,
    scene: Scene,
    /// How many migrations of the catalog are applied in the scratch database, with nothing else in it; `None` when a test has
    /// left something there.
    applied: Option<usize>,
}

/// Runs the tests. It succeeds whatever comes of them; the report tells.
pub async fn ordered(target: &Target, told: &Assignment, held: &mut Held, which: &Tests) -> Ended {
    let started = Instant::now();
    let mut report = TestReport::default();
    let ended = Box::pin(go(target, told, held, which, &mut report)).await;
    report.overall = ended.is_ok() && report.tests.iter().all(|test| test.outcome == TestOutcome::Passed);
    report.execution_time_ms = ms_since(started);
    Ended::with(ended, told, &report)
}

async fn go(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    which: &Tests,
    report: &mut TestReport,
) -> Result<(), Short> {
    let catalog = target.catalog().await.map_err(|error| unusable(&error))?;
    let tests = target.tests(&catalog).await.map_err(|error| unusable(&error))?;
    let server = held.session().map_err(untouched)?.server().clone();
    report.server = name_of(&server);
    let ids = catalog.migrations.iter().map(|migration| migration.identity.to_string());
    report.without_test = ids.zip(&tests).filter(|(_, test)| test.is_none()).map(|(id, _)| id).collect();
    let wanted = wanted(target, held, &catalog, &tests, which).await?;
    if wanted.is_empty() {
        told.info("there is nothing to test");
        return Ok(());
    }
    let place = beside::place(target, told).await?;
    let original = Original { target, place, from: RehearsalFrom::History, server, applied: Vec::new() };
    let (scene, _) = held.awake(Scene::set(&original, told)).await?;
    report.server = scene.server_name().unwrap_or_default();
    let mut testing = Testing { told, original, catalog: &catalog, scene, applied: Some(0) };
    let ended = held.awake(Box::pin(testing.all(&wanted, report))).await;
    testing.scene.strike(told).await;
    ended
}

/// The migrations that are to be tested, by their places in the catalog, each with its test.
async fn wanted<'a>(
    target: &Target,
    held: &mut Held,
    catalog: &Catalog,
    tests: &'a [Option<MigrationTest>],
    which: &Tests,
) -> Result<Vec<(usize, &'a MigrationTest)>, JobProblem> {
    let all = tests.iter().enumerate().filter_map(|(place, test)| Some((place, test.as_ref()?)));
    let id = |place: usize| catalog.migrations[place].identity.to_string();
    match which {
        Tests::All => Ok(all.collect()),
        Tests::Pending => {
            let history = read_history(held.session().map_err(untouched)?, target.engine.words());
            let history = history.await.map_err(untouched)?;
            let needs = target.needs(catalog);
            let facts = Facts::of(target.site(), catalog, &history, &needs);
            let pending: Vec<String> = facts.pending().map(|migration| migration.identity.to_string()).collect();
            Ok(all.filter(|(place, _)| pending.contains(&id(*place))).collect())
        }
        Tests::Named(names) => {
            let all: Vec<_> = all.collect();
            let untested = names.iter().find(|name| !all.iter().any(|(place, _)| id(*place) == **name));
            if let Some(name) = untested {
                let is_known = catalog.migrations.iter().any(|one| one.identity.to_string() == *name);
                return Err(problem::no_such_test(name, is_known));
            }
            Ok(all.into_iter().filter(|(place, _)| names.contains(&id(*place))).collect())
        }
    }
}

impl Testing<'_> {
    async fn all(&mut self, wanted: &[(usize, &MigrationTest)], report: &mut TestReport) -> Result<(), Short> {
        let mut is_blocked = false;
        for (done, (place, test)) in (1..).zip(wanted) {
            if self.told.is_stopping() {
                return Err(Short::Paused);
            }
            let migration = &self.catalog.migrations[*place];
            self.told.step(format!("testing {}", migration.identity));
            let started = Instant::now();
            let mut tested = Tested {
                id: migration.identity.to_string(),
                outcome: TestOutcome::NotRun,
                assertions: 0,
                failures: Vec::new(),
                execution_time_ms: 0,
            };
            if !is_blocked {
                is_blocked = self.one(*place, test, &mut tested).await?;
            }
            tested.execution_time_ms = ms_since(started);
            self.tell(&tested);
            report.tests.push(tested);
            self.told.progress.update(|progress| progress.count(done, wanted.len() as u64));
        }
        Ok(())
    }

    fn tell(&self, tested: &Tested) {
        match tested.outcome {
            TestOutcome::Passed => self.told.info(format!("{}: {} assertions hold", tested.id, tested.assertions)),
            TestOutcome::NotRun => self.told.warning(format!("{} was not tested", tested.id)),
            TestOutcome::Failed => {
                for TestFailure { place, moment, message, .. } in &tested.failures {
                    self.told.error(format!("{place} ({moment}): {message}"));
                }
            }
        }
    }

    /// The test of the migration at this place; whether what comes behind it cannot be tested.
    async fn one(&mut self, place: usize, test: &MigrationTest, tested: &mut Tested) -> Result<bool, Short> {
        if let Some(failure) = self.comes_to(place).await? {
            tested.failures.push(failure);
            return Ok(true);
        }
        let migration = &self.catalog.migrations[place];
        // Whatever ends it early has left something.
        self.applied = None;
        tested.outcome = TestOutcome::Failed;
        if !self.holds(test, Moment::Before, tested).await? {
            return Ok(false);
        }
        let ran = self.scene.up(self.told, self.up_to(place + 1), Validation::LeftOut).await;
        if let Some(failure) = failed(&ran, migration, &migration.up.file, Moment::Up)? {
            tested.failures.push(failure);
            return Ok(true);
        }
        self.holds(test, Moment::Up, tested).await?;
        let is_down_asked = test.statements.iter().any(|one| one.moment == Moment::Down);
        if is_down_asked {
            self.back(place, test, tested).await?;
        }
        if !tested.failures.is_empty() {
            return Ok(false);
        }
        tested.outcome = TestOutcome::Passed;
        if test.statements.iter().all(|one| one.asserts) {
            self.applied = Some(place + usize::from(!is_down_asked));
        }
        Ok(false)
    }

    /// The way back, and what is asserted behind it.
    async fn back(&mut self, place: usize, test: &MigrationTest, tested: &mut Tested) -> Result<(), Short> {
        let migration = &self.catalog.migrations[place];
        let Some(down) = &migration.down else {
            tested.failures.push(TestFailure {
                place: test.file.to_string(),
                moment: Moment::Down,
                statement: String::new(),
                message: "the migration has no way back, and its test asserts something behind it".to_owned(),
                values: Vec::new(),
            });
            return Ok(());
        };
        let ran = self.scene.down(self.told, self.up_to(place + 1)).await;
        if let Some(failure) = failed(&ran, migration, &down.file, Moment::Down)? {
            tested.failures.push(failure);
            return Ok(());
        }
        self.holds(test, Moment::Down, tested).await.map(drop)
    }

    /// Sees that exactly what comes before this place is applied; gives what failed on the way.
    async fn comes_to(&mut self, place: usize) -> Result<Option<TestFailure>, Short> {
        if self.applied.is_none_or(|applied| applied > place) {
            self.scene.set_anew(&self.original, self.told).await?;
            self.applied = Some(0);
        }
        let Some(last) = place.checked_sub(1).filter(|_| self.applied != Some(place)) else { return Ok(None) };
        let ran = self.scene.up(self.told, self.up_to(place), Validation::LeftOut).await;
        let migration = &self.catalog.migrations[last];
        let failure = failed(&ran, migration, &migration.up.file, Moment::Before)?;
        self.applied = failure.is_none().then_some(place);
        Ok(failure)
    }

    fn up_to(&self, count: usize) -> Catalog {
        let migrations = self.catalog.migrations[..count].to_vec();
        Catalog { migrations, findings: self.catalog.findings.clone() }
    }
}

/// What a run on the scratch database failed by; it names file and line itself.
fn failed(ran: &Ran, migration: &Migration, file: &str, moment: Moment) -> Result<Option<TestFailure>, Short> {
    let message = match (ran.ended.event, &ran.ended.problem) {
        (JobEvent::Succeeded, _) => {
            let last = ran.report.migrations.last().filter(|result| result.id == migration.identity.to_string());
            let Some(error) = last.and_then(|result| result.error.clone()) else { return Ok(None) };
            error
        }
        (_, Some(problem)) => problem.detail.clone(),
        (_, None) => return Err(Short::Paused),
    };
    let place = file.to_owned();
    Ok(Some(TestFailure { place, moment, statement: String::new(), message, values: Vec::new() }))
}
