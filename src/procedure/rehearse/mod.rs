//! Trying migrations and their ways back on a scratch copy: up, validated, down, compared with before, up once more, compared
//! with the first time. The live target is only read.
//!
//! [`scene`] is the copy, a target of its own on which the code of a real run works; [`trial`] tries one migration on it;
//! [`state`] tells how two moments differ.

mod scene;
mod state;
mod trial;

use std::collections::HashSet;

use semver::Version;
use tokio::time::Instant;

pub(super) use self::scene::{Original, Ran, Scene, Validation};
use self::state::State;
use super::{
    Assignment, Ended, Held, Target, beside, keys,
    migrate::{Short, ms_since},
    name_of, problem, read_history, space, trust,
};
use crate::{
    model::{
        catalog::Catalog,
        finding::Finding,
        history::{History, Unfinished},
        job::JobProblem,
        migration::Migration,
        order::{PathPolicy, RollbackPolicy},
        rehearsal::{KeptRehearsal, RehearsalFrom, RehearsalReport, Verdicts},
    },
    plan::{self, Facts, Needs},
};

/// A rehearsal under way.
struct Rehearsal<'a> {
    target: &'a Target,
    told: &'a Assignment,
    original: Original<'a>,
    catalog: &'a Catalog,
    /// What is tried, in order.
    tried: Vec<&'a Migration>,
    /// What is pending beyond that.
    later: Vec<String>,
    scene: Scene,
    /// The fingerprint of the schema that the copy begins with.
    begins: String,
    now: State,
}

/// What is to be done.
struct Task<'a> {
    /// The history that the copy begins with.
    history: History,
    tried: Vec<&'a Migration>,
    later: Vec<String>,
}

/// Tries what is pending up to `to` (`None`: the required version), or the whole history.
pub async fn ordered(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    to: Option<&Version>,
    from: RehearsalFrom,
) -> Ended {
    let started = Instant::now();
    let mut report = RehearsalReport { from, ..RehearsalReport::default() };
    let ended = Box::pin(go(target, told, held, to, &mut report)).await;
    report.verdicts = Verdicts::of(&report.migrations);
    report.overall = ended.is_ok() && report.verdicts.proven == report.migrations.len() as u64;
    report.execution_time_ms = ms_since(started);
    Ended::with(ended, told, &report)
}

async fn go(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    to: Option<&Version>,
    report: &mut RehearsalReport,
) -> Result<(), Short> {
    let place = beside::place(target, told).await?;
    let catalog = target.catalog().await.map_err(|error| problem::catalog(&error))?;
    let server = held.session().map_err(problem::untouched)?.server().clone();
    let Task { history, tried, later } = match report.from {
        RehearsalFrom::History => whole(target, &catalog)?,
        _ => pending(target, held, &catalog, to).await?,
    };
    if tried.is_empty() {
        told.info("nothing is pending");
        report.server = name_of(&server);
        return Ok(());
    }
    if report.from == RehearsalFrom::Data {
        space::ensure(target, told, held, &space::Work::Copy(place.as_ref())).await?;
    }
    let original = Original { target, place, from: report.from, server, applied: history.applied };
    told.progress.update(|progress| progress.count(0, tried.len() as u64));
    let setting = Scene::set(&original, told);
    let (scene, now) = held.awake(setting).await?;
    report.server = scene.server_name().unwrap_or_default();
    let begins = now.schema.fingerprint();
    let mut rehearsal = Rehearsal { target, told, original, catalog: &catalog, tried, later, scene, begins, now };
    rehearsal.tell_of_another_server(report);
    let ended = held.awake(Box::pin(rehearsal.all(report))).await;
    rehearsal.scene.strike(told).await;
    ended
}

/// Every migration of the catalog.
fn whole<'a>(target: &Target, catalog: &'a Catalog) -> Result<Task<'a>, JobProblem> {
    let needs = free(target.needs(catalog));
    let history = History::default();
    let plan = plan::forward(&Facts::of(target.site(), catalog, &history, &needs), catalog.highest(), false);
    if !plan.ready {
        return Err(problem::blocked(&plan.blocking));
    }
    Ok(Task { history, tried: catalog.migrations.iter().collect(), later: Vec::new() })
}

/// The target's history, and what is pending up to `to`, as a plan has it.
async fn pending<'a>(
    target: &Target,
    held: &mut Held,
    catalog: &'a Catalog,
    to: Option<&Version>,
) -> Result<Task<'a>, JobProblem> {
    let session = held.session().map_err(problem::untouched)?;
    let history = read_history(session, target.engine.words()).await.map_err(problem::untouched)?;
    if let Some(left) = &history.unfinished {
        return Err(problem::blocked(&[unfinished(left)]));
    }
    let needs = free(target.needs(catalog));
    let facts = Facts::of(target.site(), catalog, &history, &needs);
    let keys = keys(target, session, &facts).await.map_err(problem::untouched)?;
    let trust = trust(target, session, &facts).await.map_err(problem::untouched)?;
    let plan = plan::forward(&facts.keyed(&keys).trusting(&trust), to, false);
    if !plan.ready {
        return Err(problem::blocked(&plan.blocking));
    }
    let by_id = catalog.by_id();
    let planned = plan.hops.iter().flat_map(|hop| &hop.migrations);
    let tried = planned.filter_map(|step| by_id.get(&step.id).copied()).collect();
    Ok(Task { history, tried, later: plan.later })
}

/// What is tried on a copy goes all the way, and nothing of it need be proven.
fn free(needs: Needs) -> Needs {
    Needs { path: PathPolicy::Through, rollback: RollbackPolicy::Any, ..needs }
}

fn unfinished(left: &Unfinished) -> Finding {
    Finding::critical("interrupted", left.migration.clone(), "it was interrupted, and a copy of it would be as well")
        .remedy("finish it first: windlass up")
}

impl Rehearsal<'_> {
    /// Tries each, in order, and keeps what each brought.
    async fn all(&mut self, report: &mut RehearsalReport) -> Result<(), Short> {
        for place in 0..self.tried.len() {
            if self.told.is_stopping() {
                return Err(Short::Paused);
            }
            let migration = self.tried[place];
            self.told.step(format!("rehearsing {}", migration.identity));
            let before = self.now.schema.fingerprint();
            let (rehearsed, after) = self.one(place, &report.server).await?;
            self.told.progress.update(|progress| progress.count(place as u64 + 1, progress.total));
            let verdict = rehearsed.verdict.as_str();
            self.told.info(format!("{}: {verdict}, up in {} ms", rehearsed.id, rehearsed.up_ms));
            report.migrations.push(rehearsed.clone());
            if let Some(after) = after {
                let inputs = plan::inputs(migration, &before, &report.server);
                let kept = KeptRehearsal { inputs, after, rehearsed };
                let keeping = self.target.store.keep_rehearsal(&self.target.name, &kept);
                keeping.await.map_err(|error| problem::store(&error))?;
            }
        }
        Ok(())
    }

    /// The migrations of the catalog but for those behind this place.
    fn catalog_up_to(&self, place: usize) -> Catalog {
        let tried = self.tried[place + 1..].iter().map(|migration| migration.identity.to_string());
        let later: HashSet<String> = tried.chain(self.later.iter().cloned()).collect();
        let is_kept = |migration: &&Migration| !later.contains(&migration.identity.to_string());
        let migrations = self.catalog.migrations.iter().filter(is_kept);
        let findings = self.catalog.findings.clone();
        Catalog { migrations: migrations.cloned().collect(), findings }
    }

    /// A fresh copy in the place of this one, with everything applied up to and with this place.
    async fn begin_anew(&mut self, place: usize) -> Result<(), Short> {
        let begins = self.scene.set_anew(&self.original, self.told).await?;
        if begins.schema.fingerprint() != self.begins {
            return Err(problem::copy_differs(&["the schema, which somebody changed meanwhile".to_owned()]).into());
        }
        let ran = self.scene.up(self.told, self.catalog_up_to(place), Validation::LeftOut).await;
        trial::must_have_ended_well(&ran)?;
        self.now = self.scene.state().await.map_err(|error| problem::no_scratch(&error))?;
        Ok(())
    }

    /// A verdict holds for the server that it was found on.
    fn tell_of_another_server(&self, report: &mut RehearsalReport) {
        let ours = name_of(&self.original.server);
        if report.server != ours {
            let message =
                format!("this was tried on {}, and holds for no other; the target is on {ours}", report.server);
            report.findings.push(
                Finding::warning("other-server", self.target.name.to_string(), message)
                    .remedy("point rehearsal.url at a server of the target's own version, or leave it out"),
            );
        }
    }
}
