//! The safety net: what the declared schema has and the database has not is told, and added where somebody wants that.
//!
//! Only tables, columns and indexes are added, each by one statement; nothing is dropped, changed or filled.

use super::{Declared, declared, repair, standing};
use crate::{
    engine::{EngineError, bookkeeping::lock},
    model::{
        catalog::Catalog,
        finding::{Finding, Severity},
        job::JobProblem,
        migration::DdlScope,
        order::SafetyNet,
        report::ValidationReport,
        schema::Schema,
    },
    plan::{self, Against, Drift},
    procedure::{
        Assignment, Held, Target, apply,
        migrate::Short,
        name_of, problem,
        queue::{self, Queue},
        read_history, validate,
    },
};

/// What came of it.
#[derive(Default)]
pub(in crate::procedure) struct Net {
    /// Every difference that is left.
    pub findings: Vec<Finding>,
    /// The statements that were run.
    pub added: Vec<String>,
}

/// How many checks a look at the declared schema makes: tables, columns, indexes, constraints, other objects.
const CHECKS: u32 = 5;

impl Net {
    /// How many differences there are, for a log.
    pub(super) fn in_words(findings: &[Finding]) -> String {
        let count = findings.iter().filter(|found| found.severity > Severity::Info).count();
        match count {
            0 => "both schemas are the same".to_owned(),
            1 => "1 difference".to_owned(),
            count => format!("{count} differences"),
        }
    }

    /// As part of a validation.
    pub(in crate::procedure) fn into_report(self) -> ValidationReport {
        ValidationReport { added: self.added, ..ValidationReport::of(CHECKS, self.findings) }
    }

    fn weighed(self, most: Severity) -> Self {
        let weigh = |finding: Finding| Finding { severity: finding.severity.min(most), ..finding };
        Self { findings: self.findings.into_iter().map(weigh).collect(), ..self }
    }
}

/// Behind the migrations of a run: nothing that is found keeps it from having succeeded. `None` where nobody looks, nothing is
/// declared, or the run did not lead to the end of the catalog, which is what is declared.
///
/// # Errors
/// That it was stopped; the problem, once the target was asked to change.
pub(in crate::procedure) async fn behind_run(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    catalog: &Catalog,
) -> Result<Option<Net>, Short> {
    let net = target.config.policy.safety_net;
    if net == SafetyNet::Off || matches!(target.declared().await, Ok(None)) {
        return Ok(None);
    }
    if standing::elsewhere(target, held, catalog).await?.is_some() {
        return Ok(None);
    }
    let declared = match declared(target, told, held).await {
        Ok(declared) => declared,
        Err(Short::Paused) => return Err(Short::Paused),
        Err(Short::Problem(problem)) => {
            told.warning(format!("the schema was not held against the declared one: {}", problem.detail));
            return Ok(Some(Net { findings: vec![not_cast(target, &problem)], added: Vec::new() }));
        }
    };
    let cast = cast(target, told, held, &declared, net).await?;
    Ok(Some(cast.weighed(Severity::Warning)))
}

fn not_cast(target: &Target, problem: &JobProblem) -> Finding {
    let message = format!("the schema was not held against the declared one: {}", problem.detail);
    Finding::warning("declared-not-compared", target.name.to_string(), message)
        .remedy(format!("{}; then: windlass validate --declared", problem.next_step))
}

/// Because somebody asked for it, as part of a validation. Keeps what was added in the record that later validations compare with.
///
/// # Errors
/// That it was stopped; the problem.
pub(in crate::procedure) async fn ordered(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    net: SafetyNet,
    catalog: &Catalog,
) -> Result<Net, Short> {
    let elsewhere = standing::elsewhere(target, held, catalog).await?;
    if let (SafetyNet::Add, Some(finding)) = (net, &elsewhere) {
        // What a migration is still to make would be in its way.
        return Err(problem::blocked(std::slice::from_ref(finding)).into());
    }
    let declared = declared(target, told, held).await?;
    let before = live(held, problem::UNTOUCHED).await?;
    let cast = cast(target, told, held, &declared, net).await;
    // What was added before it was stopped is no drift either.
    let remembered = if net == SafetyNet::Add { remember(target, held, &before).await } else { Ok(()) };
    let mut cast = cast?;
    remembered?;
    cast.findings.extend(elsewhere);
    Ok(cast)
}

/// Puts what was added into the record of what the last run left, where there is one.
async fn remember(target: &Target, held: &mut Held, before: &Schema) -> Result<(), JobProblem> {
    let asked = |error: EngineError| problem::engine(&error, problem::CHANGED);
    let after = live(held, problem::CHANGED).await?;
    if after.fingerprint() == before.fingerprint() {
        return Ok(());
    }
    let history = read_history(held.session().map_err(asked)?, target.engine.words()).await.map_err(asked)?;
    let digest = validate::digest(&history);
    let left = target.store.expected(&target.name, &digest).await.map_err(|error| problem::store(&error))?;
    let Some(left) = left else { return Ok(()) };
    let now = plan::remembered(left, before, &after);
    target.store.expect(&target.name, &digest, &now).await.map_err(|error| problem::store(&error))
}

/// The live schema; `state` is what is known of the target where it cannot be read.
async fn live(held: &mut Held, state: &str) -> Result<Schema, JobProblem> {
    let asked = |error: EngineError| problem::engine(&error, state);
    held.session().map_err(asked)?.schema(None).await.map_err(asked)
}

/// Compares, adds what is to be added, and compares again.
async fn cast(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    declared: &Declared,
    net: SafetyNet,
) -> Result<Net, Short> {
    told.step("comparing with the declared schema");
    let compare = |live: &Schema| plan::drift(&declared.made.schema, live, Against::Declared);
    let found = compare(&live(held, problem::UNTOUCHED).await?);
    if net != SafetyNet::Add {
        return Ok(Net { findings: findings(target, held, declared, found)?, added: Vec::new() });
    }
    let (added, mut not_added) = add(target, told, held, declared, &found).await?;
    let left = compare(&live(held, problem::CHANGED).await?);
    let mut findings = findings(target, held, declared, left)?;
    findings.append(&mut not_added);
    Ok(Net { findings, added })
}

fn findings(
    target: &Target,
    held: &mut Held,
    declared: &Declared,
    found: Vec<Drift>,
) -> Result<Vec<Finding>, JobProblem> {
    let mut findings = repair::shown(target, declared, found);
    let ours = name_of(held.session().map_err(problem::untouched)?.server());
    let theirs = &declared.made.server;
    if *theirs != ours {
        let message = format!("the declared schema was run on {theirs}, and the target is on {ours}");
        findings.push(
            Finding::info("other-server", target.name.to_string(), message).remedy(
                "where words differ that mean the same, point rehearsal.url at a server of the target's version",
            ),
        );
    }
    Ok(findings)
}

/// Runs what can be added, and tells each statement. What the database refuses is told, and the rest goes on.
async fn add(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    declared: &Declared,
    found: &[Drift],
) -> Result<(Vec<String>, Vec<Finding>), Short> {
    let (additions, hindered) = repair::additions(target, declared, found);
    let mut not_added: Vec<Finding> = hindered.into_iter().map(|one| not(&one.object, one.why)).collect();
    let mut added = Vec::new();
    for addition in additions {
        if told.is_stopping() {
            return Err(Short::Paused);
        }
        told.step(format!("adding {}", addition.object));
        match run(target, told, held, &addition.sql).await {
            Ok(()) => {
                told.info(format!("added {}: {}", addition.object, addition.sql));
                added.push(addition.sql);
            }
            Err(error @ (EngineError::Refused { .. } | EngineError::Blocked { .. })) => {
                told.warning(format!("{} was not added: {error}", addition.object));
                not_added.push(not(&addition.object, &error.to_string()));
            }
            Err(EngineError::Cancelled) => return Err(Short::Paused),
            Err(error) => return Err(problem::engine(&error, problem::CHANGED).into()),
        }
    }
    Ok((added, not_added))
}

fn not(object: &str, why: &str) -> Finding {
    Finding::warning("not-added", object, format!("it was not added: {why}")).remedy("bring it into a migration")
}

/// One statement, under the lock and its epoch, tried again while a lock of the database is not given.
async fn run(target: &Target, told: &Assignment, held: &mut Held, sql: &str) -> Result<(), EngineError> {
    held.limit(queue::limits(target, None)).await?;
    let mut queue = Queue::of(target);
    loop {
        let Err(mut error) = once(target, held, sql).await else { return Ok(()) };
        if !queue.again(told, held, &mut error).await {
            return Err(error);
        }
    }
}

async fn once(target: &Target, held: &mut Held, sql: &str) -> Result<(), EngineError> {
    let epoch = held.epoch;
    let fence = lock::fence(target.engine.words(), epoch);
    let session = held.session()?;
    match target.engine.ddl_scope() {
        DdlScope::Transaction => {
            let ran = session.transact(&[&fence, sql], &mut |_| ()).await;
            ran.map_err(|failed| apply::fenced(failed, epoch))
        }
        DdlScope::Statement => {
            lock::must_be_ours(session, epoch).await?;
            session.execute(sql).await.map(drop).map_err(|failed| failed.error)
        }
    }
}
