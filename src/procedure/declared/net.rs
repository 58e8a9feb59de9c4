//! The safety net: what the declared schema has and the database has not is told, and added where somebody wants that.
//!
//! Only tables, columns and indexes are added, each by one statement; nothing is dropped, changed or filled.

use std::collections::BTreeSet;

use super::{
    Declared, declared,
    repair::{self, Addition, Of},
    standing,
};
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
        Assignment, Held, Target, apply, cancel,
        migrate::Short,
        name_of, problem,
        queue::{self, Queue},
        read_history, validate,
    },
    sql,
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
    /// As part of a validation.
    pub(in crate::procedure) fn into_report(self) -> ValidationReport {
        ValidationReport { added: self.added, ..ValidationReport::of(CHECKS, self.findings) }
    }

    fn weigh(&mut self, most: Severity) {
        for finding in &mut self.findings {
            finding.severity = finding.severity.min(most);
        }
    }
}

/// Behind the migrations of a run: nothing that is found keeps it from having succeeded, nor that nothing could be looked at, and no
/// stop, for the migrations are done and what comes after them is still to come. Nothing is told where nobody looks, nothing is
/// declared, or the run did not lead to the end of the catalog, which is what is declared.
///
/// # Errors
/// The problem, once the target was asked to change.
pub(in crate::procedure) async fn behind_run(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    catalog: &Catalog,
    net: &mut Net,
) -> Result<(), JobProblem> {
    let wanted = target.config.policy.safety_net;
    if wanted == SafetyNet::Off {
        return Ok(());
    }
    let cast = match looked(target, told, held, catalog).await {
        Ok(Some((declared, found))) => cast(target, told, held, &declared, found, wanted, net).await,
        Ok(None) => return Ok(()),
        Err(Short::Paused) => Err(Short::Paused),
        Err(Short::Problem(problem)) => {
            let remedy = format!("{}; then: windlass validate --declared", problem.next_step);
            net.findings.push(not_cast(target, told, &problem.detail, &remedy));
            Ok(())
        }
    };
    net.weigh(Severity::Warning);
    match cast {
        Err(Short::Paused) => {
            net.findings.push(not_cast(target, told, "it was stopped", "do it now: windlass validate --declared"));
            Ok(())
        }
        Err(Short::Problem(problem)) => Err(*problem),
        Ok(()) => Ok(()),
    }
}

/// The declared schema and how the live one differs from it; `None` where there is nothing to compare. Only reads.
async fn looked(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    catalog: &Catalog,
) -> Result<Option<(Declared, Vec<Drift>)>, Short> {
    if standing::elsewhere(target, held, catalog).await?.is_some() {
        return Ok(None);
    }
    let Some(declared) = declared(target, told, held).await? else { return Ok(None) };
    let found = compared(told, held, &declared).await?;
    Ok(Some((declared, found)))
}

fn not_cast(target: &Target, told: &Assignment, why: &str, next: &str) -> Finding {
    let message = format!("the schema was not held against the declared one: {why}");
    told.warning(message.clone());
    Finding::warning("declared-not-compared", target.name.to_string(), message).remedy(next)
}

/// Because somebody asked for it, as part of a validation. Keeps what was added in the record that later validations compare with.
///
/// # Errors
/// That it was stopped; the problem.
pub(in crate::procedure) async fn ordered(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    wanted: SafetyNet,
    catalog: &Catalog,
    net: &mut Net,
) -> Result<(), Short> {
    let elsewhere = standing::elsewhere(target, held, catalog).await?;
    if let (SafetyNet::Add, Some(finding)) = (wanted, &elsewhere) {
        // What a migration is still to make would be in its way.
        return Err(problem::blocked(std::slice::from_ref(finding)).into());
    }
    let declared = declared(target, told, held).await?.ok_or_else(|| super::none_declared(target))?;
    let before = live(held, problem::UNTOUCHED).await?;
    let found = compared(told, held, &declared).await?;
    let cast = cast(target, told, held, &declared, found, wanted, net).await;
    // What was added before it was stopped is no drift either.
    let remembered = if wanted == SafetyNet::Add { remember(target, held, &before).await } else { Ok(()) };
    cast?;
    remembered?;
    net.findings.extend(elsewhere);
    Ok(())
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

/// How the live schema differs from the declared one, before anything is added.
async fn compared(told: &Assignment, held: &mut Held, declared: &Declared) -> Result<Vec<Drift>, JobProblem> {
    told.step("comparing with the declared schema");
    Ok(differences(declared, &live(held, problem::UNTOUCHED).await?))
}

fn differences(declared: &Declared, live: &Schema) -> Vec<Drift> {
    plan::drift(&declared.made.schema, live, Against::Declared)
}

/// Adds what is to be added of what was found, and compares again then. What was added is told however it ends.
async fn cast(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    declared: &Declared,
    mut found: Vec<Drift>,
    wanted: SafetyNet,
    net: &mut Net,
) -> Result<(), Short> {
    if wanted == SafetyNet::Add {
        add(target, told, held, declared, &found, net).await?;
        found = differences(declared, &live(held, state(net)).await?);
    }
    let findings = findings(target, held, declared, found)?;
    net.findings.splice(0..0, findings);
    Ok(())
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

/// Runs what can be added, and tells each statement. What the database refuses is told, and the rest goes on; but for what belongs to
/// a table that was not made here, as something else bears its name.
async fn add(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    declared: &Declared,
    found: &[Drift],
    net: &mut Net,
) -> Result<(), Short> {
    let (additions, hindered) = repair::additions(target, declared, found);
    net.findings.extend(hindered.into_iter().map(|one| not(&one.object, one.why)));
    let mut unmade: BTreeSet<String> = BTreeSet::new();
    for Addition { object, sql, of } in additions {
        if told.is_stopping() {
            return Err(Short::Paused);
        }
        if matches!(of, Some(Of::Follows)) && unmade.contains(&object) {
            continue;
        }
        told.step(format!("adding {object}"));
        let refused = match of {
            Some(Of::Makes(table)) if is_there(target, held, &table, state(net)).await? => {
                "something of that name is there by now".to_owned()
            }
            _ => match run(target, told, held, &sql).await {
                Ok(()) => {
                    told.info(format!("added {object}: {sql}"));
                    net.added.push(sql);
                    continue;
                }
                Err(error @ (EngineError::Refused { .. } | EngineError::Blocked { .. })) => error.to_string(),
                Err(EngineError::Cancelled) => return Err(Short::Paused),
                Err(error) => return Err(problem::engine(&error, problem::CHANGED).into()),
            },
        };
        told.warning(format!("{object} was not added: {refused}"));
        net.findings.push(not(&object, &refused));
        unmade.insert(object);
    }
    Ok(())
}

/// What is known of the target between two additions.
fn state(net: &Net) -> &'static str {
    if net.added.is_empty() { problem::UNTOUCHED } else { problem::CHANGED }
}

/// Whether a table or anything else has this full name now; `state` is what is known of the target where it cannot be read.
async fn is_there(target: &Target, held: &mut Held, table: &str, state: &str) -> Result<bool, JobProblem> {
    let asked = |error: EngineError| problem::engine(&error, state);
    let names = [table.rsplit('.').next().unwrap_or(table).to_owned()];
    let live = held.session().map_err(asked)?.schema(Some(&names)).await.map_err(asked)?;
    let is_it = |name: &str| sql::is_same_name(target.engine.dialect(), name, table);
    let mut objects = live.objects.keys().filter_map(|object| object.split_once(' '));
    Ok(live.tables.keys().any(|name| is_it(name)) || objects.any(|(_, name)| is_it(name)))
}

fn not(object: &str, why: &str) -> Finding {
    Finding::warning("not-added", object, format!("it was not added: {why}")).remedy("bring it into a migration")
}

/// One statement, under the lock and its epoch, tried again while a lock of the database is not given.
async fn run(target: &Target, told: &Assignment, held: &mut Held, sql: &str) -> Result<(), EngineError> {
    held.limit(queue::limits(target, None)).await?;
    let mut queue = Queue::of(target);
    loop {
        let Err(mut error) = once(target, told, held, sql).await else { return Ok(()) };
        if !queue.again(told, held, &mut error).await {
            return Err(error);
        }
    }
}

async fn once(target: &Target, told: &Assignment, held: &mut Held, sql: &str) -> Result<(), EngineError> {
    let epoch = held.epoch;
    let fence = lock::fence(target.engine.words(), epoch);
    let session = held.session()?;
    let connection = session.connection_id().to_owned();
    let work = async {
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
    };
    let (ran, is_stopped) = cancel::or_stopped(target, told, &connection, "what is added", work).await;
    ran.map_err(|error| cancel::cause(error, is_stopped))
}
