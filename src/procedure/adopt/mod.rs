//! Taking over the history that another tool wrote, with proof: the schema is what its migrations make.
//!
//! The other tool's table is read and never written, so that the tool reports what it reported before.

mod refusal;
mod take;
mod undo;

use super::{Assignment, Ended, Held, Target, baseline, migrate::Short, problem, read_history, replay, validate};
use crate::{
    engine::{
        EngineError,
        former::{self, Former, Record},
    },
    model::{
        catalog::Catalog,
        finding::{Finding, Severity},
        job::JobProblem,
        migration::Migration,
        report::RunReport,
        schema::Schema,
        tool::Tool,
    },
    plan::differences,
};

pub(super) use undo::undo;

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    /// Whose history; `None`: of the one tool that left one.
    pub from: Option<Tool>,
    /// Whether a schema that differs is taken as it is.
    pub accepts: bool,
}

/// Takes the history over, in one transaction; runs no migration on the target.
pub async fn adopt(target: &Target, told: &Assignment, held: &mut Held, ask: Ask) -> Ended {
    let mut report = RunReport::default();
    match take_over(target, told, held, ask, &mut report).await {
        Ok(()) => Ended::well(&report),
        Err(problem) if told.is_stopping() && problem.target_state == problem::UNTOUCHED => Ended::paused(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, serde_json::to_value(&report).ok())
        }
    }
}

async fn take_over(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    ask: Ask,
    report: &mut RunReport,
) -> Result<(), JobProblem> {
    let catalog = target.catalog().await.map_err(|error| problem::catalog(&error))?;
    let history = read_history(held.session().map_err(problem::untouched)?, target.engine.words());
    if !history.await.map_err(problem::untouched)?.is_blank() {
        return Err(problem::blocked(&[baseline::has_history(&target.name)]));
    }
    let (former, record) = history_of(target, held, ask.from).await?;
    told.info(format!("{} tells of {} migrations in {}", former.tool, record.named().count(), former.table));
    let mut holds = take::matched(&catalog, former, &record).map_err(|found| problem::blocked(&found))?;
    let severity = if ask.accepts { Severity::Warning } else { Severity::Critical };
    let edited = take::edited(target, former, &record, &holds).await;
    // What is repeatable is pending once it was edited.
    holds.retain(|migration| !migration.identity.is_repeatable() || !edited.contains(migration));
    let edited = edited.into_iter().filter(|migration| !migration.identity.is_repeatable());
    report.findings.extend(edited.map(|migration| take::was_edited(migration, former, severity)));
    told.step(format!("replaying {} migrations in a database beside", holds.len()));
    let replaying = replay::replay(target, told, &target.engine, only(&catalog, &holds), refusal::replay);
    let expected = match held.awake(Box::pin(replaying)).await {
        Ok(replayed) => replayed.schema,
        Err(Short::Problem(problem)) => return Err(*problem),
        Err(Short::Paused) => return Err(problem::untouched(EngineError::Cancelled)),
    };
    told.step("comparing the schemas");
    let live = held.session().map_err(problem::untouched)?.schema(None).await.map_err(problem::untouched)?;
    report.findings.extend(differences(&without(expected, former), &without(live, former), severity));
    if !ask.accepts && !report.findings.is_empty() {
        return Err(refusal::differs(&report.findings));
    }
    let mark = format!(" {}", adopted_from(former.tool));
    held.begin(target, told).await.map_err(problem::untouched)?;
    report.migrations = baseline::record_applied(target, told, held, &catalog, &holds, &mark).await?;
    report.to = holds.iter().map(|migration| &migration.identity.version).max().cloned();
    told.info(format!("{} migrations of {} are taken over", holds.len(), former.tool));
    report.validation = validate::after_hop(target, told, held, &catalog, true).await?;
    Ok(())
}

/// What stands behind the name of whoever took a history over; by it is known what may be undone.
fn adopted_from(tool: Tool) -> String {
    format!("(adopted from {tool})")
}

/// The history that is to be taken over, read and sound.
async fn history_of(
    target: &Target,
    held: &mut Held,
    from: Option<Tool>,
) -> Result<(&'static Former, Record), JobProblem> {
    let session = held.session().map_err(problem::untouched)?;
    let found = former::found(session).await.map_err(problem::untouched)?;
    let former = take::one(&found, from, &target.name).map_err(|found| problem::blocked(&[found]))?;
    let record = former.record(session, target.engine.dialect()).await.map_err(|error: EngineError| {
        let told = Finding::critical("former-history", former.table, format!("it could not be read: {error}"));
        problem::blocked(&[told.remedy("see that the table is as its tool made it")])
    })?;
    let unsound: Vec<Finding> = record.unsound.iter().map(take::unsound).collect();
    if unsound.is_empty() { Ok((former, record)) } else { Err(problem::blocked(&unsound)) }
}

/// A schema without the tool's own tables and what belongs to them.
fn without(mut schema: Schema, former: &Former) -> Schema {
    for own in former.own_tables() {
        let begins = format!("{own}_");
        let is_own = |name: &str| name == own || name.starts_with(&begins);
        schema.tables.retain(|name, _| name != own);
        schema.objects.retain(|key, _| !key.split_once(' ').is_some_and(|(_, name)| is_own(name)));
    }
    schema
}

/// The migrations at these places of a catalog, in its order.
fn only(catalog: &Catalog, holds: &[&Migration]) -> Catalog {
    let migrations = holds.iter().map(|migration| (*migration).clone()).collect();
    Catalog { migrations, findings: catalog.findings.clone() }
}
