//! Recording what a database without history holds, because a person says so.

use semver::Version;

use super::{Assignment, Ended, Held, Target, archived, problem, validate};
use crate::{
    engine::bookkeeping::{
        history,
        journal::{self, Planned, Signature},
        lock,
    },
    model::{
        catalog::Catalog,
        finding::Finding,
        job::JobProblem,
        migration::{Direction, Migration},
        report::{MigrationResult, RunReport},
    },
};

/// Records every migration up to `version` as applied, in one transaction; runs nothing.
pub async fn baseline(target: &Target, told: &Assignment, held: &mut Held, version: &Version) -> Ended {
    match record(target, told, held, version).await {
        Ok(report) => Ended::well(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, None)
        }
    }
}

async fn record(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    version: &Version,
) -> Result<RunReport, JobProblem> {
    let catalog = target.catalog().await.map_err(|error| problem::catalog(&error))?;
    let found = held.begin(target, told).await.map_err(problem::untouched)?;
    let holds: Vec<&Migration> = catalog.migrations.iter().filter(|m| m.identity.version <= *version).collect();
    if !found.applied.is_empty() || !catalog.migrations.iter().any(|m| m.identity.version == *version) {
        return Err(problem::blocked(&[refusal(&catalog, !found.applied.is_empty(), version)]));
    }
    let migrations = record_applied(target, told, held, &catalog, &holds, "").await?;
    told.info(format!("the target is recorded as holding {version}"));
    let validation = validate::after_hop(target, told, held, &catalog, true).await?;
    Ok(RunReport { to: Some(version.clone()), migrations, validation, ..RunReport::default() })
}

/// Records these migrations as applied, in one transaction, with a mark behind who asked; runs nothing. The run has begun.
///
/// # Errors
/// The problem; nothing is recorded.
pub(super) async fn record_applied(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    catalog: &Catalog,
    holds: &[&Migration],
    mark: &str,
) -> Result<Vec<MigrationResult>, JobProblem> {
    told.step(format!("recording {} migrations as applied", holds.len()));
    let signature = Signature {
        run: told.job.0,
        backend_version: target.needs(catalog).backend.to_string(),
        applied_by: told.applied_by(mark),
        epoch: held.epoch,
    };
    let planned: Vec<Planned> =
        (1..).zip(holds).map(|(seq, migration)| Planned::up(seq, i64::from(seq), migration)).collect();
    let session = held.session().map_err(problem::untouched)?;
    journal::plan_run(session, &signature, &planned).await.map_err(problem::untouched)?;
    archived::keep(target, session, told, signature.epoch, holds.iter().copied()).await.map_err(problem::untouched)?;
    let words = target.engine.words();
    let mut texts = vec![lock::fence(words, signature.epoch)];
    texts.extend(planned.iter().flat_map(|row| history::record_applied(words, signature.run, row.seq)));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    session.transact(&texts, &mut |_| ()).await.map_err(|failed| problem::untouched(failed.error))?;
    Ok(planned.iter().zip(holds).map(|(row, migration)| result(row, migration)).collect())
}

/// The refusal of a database that has a history already.
pub(super) fn has_history(place: &str) -> Finding {
    Finding::critical("has-history", place, "the database has a migration history already")
        .remedy("see it: windlass status")
}

fn refusal(catalog: &Catalog, is_there: bool, version: &Version) -> Finding {
    if is_there {
        return has_history(&version.to_string());
    }
    let known: Vec<String> = catalog.migrations.iter().map(|m| m.identity.version.to_string()).collect();
    Finding::critical("unknown-version", version.to_string(), "no migration leads to this version")
        .remedy(format!("name one of the catalog's versions: {}", known.join(", ")))
}

fn result(row: &Planned, migration: &Migration) -> MigrationResult {
    MigrationResult {
        number: row.number,
        id: row.name.clone(),
        version: migration.identity.version.clone(),
        description: row.description.clone(),
        direction: Direction::Up,
        success: true,
        execution_time_ms: 0,
        statements: Vec::new(),
        error: None,
    }
}
