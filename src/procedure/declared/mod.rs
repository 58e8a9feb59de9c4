//! The declared schema: what a fresh installation runs, held against the live schema ([`net`]) and against what the migrations make
//! from nothing ([`upgrade`]). It is run in a database of its own, never on the target.

mod net;
mod problem;
mod repair;
mod standing;
mod upgrade;

use std::sync::Arc;

pub(super) use self::{
    net::{Net, behind_run, ordered},
    upgrade::verify,
};
use super::{
    Assignment, Held, Target, beside,
    migrate::Short,
    problem::catalog as unusable,
    replay::{Replayed, replay},
};
use crate::{
    engine::{Engine, bookkeeping::is_ours},
    model::{catalog::Catalog, job::JobProblem, migration::Migration},
    plan, sql,
};

/// The declared schema, as it was written and as it came out.
struct Declared {
    as_written: Migration,
    made: Replayed,
}

/// The file of it, read; `None` where none is declared. What a dump of a database has of our own tables is left out: they are made
/// where it is run.
///
/// # Errors
/// The problem: it cannot be used.
async fn written(target: &Target) -> Result<Option<Migration>, JobProblem> {
    let Some(mut declared) = target.declared().await.map_err(|error| unusable(&error))? else { return Ok(None) };
    let dialect = target.engine.dialect();
    declared.up.statements.retain(|statement| {
        let is_made_there = |table: &str| is_ours(table) || sql::is_reserved(dialect, table);
        !plan::is_about_only(dialect, &statement.sql, &is_made_there)
    });
    Ok(Some(declared))
}

/// Somebody asked for what needs one.
fn none_declared(target: &Target) -> JobProblem {
    problem::not_declared(&target.config.catalog.path.display().to_string())
}

/// Runs it in an empty database beside that of `place`.
///
/// # Errors
/// That it was stopped; the problem, which is told of the declared schema where a statement of it fails.
async fn made(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    place: &Arc<dyn Engine>,
    as_written: Migration,
) -> Result<Declared, Short> {
    told.step(format!("running {} in an empty database", as_written.up.file));
    let catalog = Catalog { migrations: vec![as_written.clone()], findings: Vec::new() };
    let replaying = replay(target, told, place, catalog, problem::declared_failed);
    let made = held.awake(Box::pin(replaying)).await?;
    Ok(Declared { as_written, made })
}

/// The place, the file, and what it makes; `None` where none is declared.
///
/// # Errors
/// As [`written`] and [`made`].
async fn declared(target: &Target, told: &Assignment, held: &mut Held) -> Result<Option<Declared>, Short> {
    let Some(as_written) = written(target).await? else { return Ok(None) };
    let place = beside::place(target, told).await?;
    made(target, told, held, &place, as_written).await.map(Some)
}
