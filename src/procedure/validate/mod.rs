//! Looking at what is there: schema, references, history, master data.

mod bookkeeping;
mod data;

use semver::Version;

pub(super) use self::bookkeeping::digest;
use super::{
    Assignment, Ended, Held, Target, course,
    declared::{self, Net},
    drift,
    migrate::Short,
    problem, read_history, with_prints,
};
use crate::{
    engine::{EngineError, bookkeeping::history::newest_version},
    model::{
        catalog::Catalog, finding::Finding, history::History, job::JobProblem, order::SafetyNet,
        report::ValidationReport, schema::Schema,
    },
    plan::Facts,
};

/// What is looked at.
struct Seen<'a> {
    target: &'a Target,
    history: History,
    schema: Schema,
    /// The schema the last run left with this history.
    expected: Option<Schema>,
    /// Also what costs a look at every row.
    deep: bool,
}

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    /// Also what costs a look at every row.
    pub deep: bool,
    /// Whether it is held against the declared schema as well, and what becomes of what is missing.
    pub net: SafetyNet,
}

/// Validates because somebody asked for it.
pub(super) async fn ordered(target: &Target, told: &Assignment, held: &mut Held, ask: Ask) -> Ended {
    let mut report = ValidationReport::default();
    let ended = asked(target, told, held, ask, &mut report).await;
    Ended::with(ended, told, &report)
}

async fn asked(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    Ask { deep, net: wanted }: Ask,
    report: &mut ValidationReport,
) -> Result<(), Short> {
    let catalog = target.catalog().await.map_err(|error| problem::catalog(&error))?;
    begin(target, told, held, wanted).await?;
    let mut net = Net::default();
    let cast = match wanted {
        SafetyNet::Off => Ok(()),
        wanted => declared::ordered(target, told, held, wanted, &catalog, &mut net).await,
    };
    report.added.clone_from(&net.added);
    cast?;
    let (seen, _) = look(target, told, held, &catalog, deep).await?;
    *report = if wanted == SafetyNet::Off { seen } else { seen.and(net.into_report()) };
    Ok(())
}

/// Who only looks writes nothing but that it does; who may add has the run's epoch, and nothing interrupted before it.
async fn begin(target: &Target, told: &Assignment, held: &mut Held, net: SafetyNet) -> Result<(), Short> {
    let begun = match net {
        SafetyNet::Add => held.begin(target, told).await.map(|history| history.unfinished),
        SafetyNet::Off | SafetyNet::Report => held.begin_to_look(target, told).await.map(|()| None),
    };
    match begun {
        Ok(None) => Ok(()),
        Ok(Some(left)) => {
            let finding = Finding::critical("interrupted", left.migration, "it was interrupted, and comes first");
            Err(problem::blocked(&[finding.remedy("finish it first: windlass up")]).into())
        }
        Err(EngineError::Cancelled) => Err(Short::Paused),
        Err(error) => Err(problem::untouched(error).into()),
    }
}

/// Validates what a hop left, when that is wanted, and keeps its schema for later comparisons.
///
/// # Errors
/// The problem, when it could not be looked at.
pub(super) async fn after_hop(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    catalog: &Catalog,
    wanted: bool,
) -> Result<Option<ValidationReport>, JobProblem> {
    if !wanted {
        return Ok(None);
    }
    let (report, seen) = look(target, told, held, catalog, false).await?;
    course::validated(told, &report);
    let digest = bookkeeping::digest(&seen.history);
    target.store.expect(&target.name, &digest, &seen.schema).await.map_err(|error| problem::store(&error))?;
    Ok(Some(report))
}

/// Looks between two hops of one run at what costs nothing: that the target says it is where the hop leads. Everything else
/// is looked at behind the last hop; nobody but this run, which holds the lock, has changed anything meanwhile.
///
/// # Errors
/// The problem, when it is not there or could not be asked.
pub(super) async fn between_hops(held: &mut Held, to: &Version, number: i64) -> Result<(), JobProblem> {
    let asked = |error: EngineError| problem::engine(&error, problem::UNTOUCHED);
    let session = held.session().map_err(asked)?;
    let newest = newest_version(session).await.map_err(asked)?;
    if newest.as_ref() == Some(&(to.clone(), number)) {
        return Ok(());
    }
    let told = newest.map_or_else(|| "nothing".to_owned(), |(version, number)| format!("{version} (number {number})"));
    let place = "schema_version";
    let message = format!("it says {told} after the hop to {to} (number {number})");
    Err(problem::invalid(&[Finding::critical("version-row", place, message)]))
}

/// Every check.
async fn look<'a>(
    target: &'a Target,
    told: &Assignment,
    held: &mut Held,
    catalog: &'a Catalog,
    deep: bool,
) -> Result<(ValidationReport, Seen<'a>), JobProblem> {
    told.step("validating");
    let asked = |error: EngineError| problem::engine(&error, problem::UNTOUCHED);
    let session = held.session().map_err(asked)?;
    let history = read_history(session, target.engine.words()).await.map_err(asked)?;
    let history = with_prints(session, catalog, history).await.map_err(asked)?;
    let schema = session.schema(None).await.map_err(asked)?;
    let digest = bookkeeping::digest(&history);
    let expected = target.store.expected(&target.name, &digest).await.map_err(|error| problem::store(&error))?;
    let seen = Seen { target, history, schema, expected, deep };
    let needs = target.needs(catalog);
    let facts = Facts::of(target.site(), catalog, &seen.history, &needs);
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(match &seen.expected {
        Some(left) => drift::between(target, left, &seen.schema),
        None => vec![nothing_to_compare(&seen)],
    });
    findings.extend(bookkeeping::check(&seen));
    findings.extend(data::references(&seen, session).await.map_err(asked)?);
    findings.extend(data::master_data(&seen, &facts, session).await.map_err(asked)?);
    findings.extend(crate::plan::of_history(&facts));
    Ok((ValidationReport::of(CHECKS, findings), seen))
}

fn nothing_to_compare(seen: &Seen<'_>) -> Finding {
    let message = "no earlier run left a record of the schema here, so tables and columns were not compared";
    Finding::info("nothing-to-compare", seen.target.name.to_string(), message).remedy("the next run leaves one")
}

/// How many checks a validation makes: tables, columns, orphaned tables, version row, history, references, master data,
/// texts of what was applied.
const CHECKS: u32 = 8;
