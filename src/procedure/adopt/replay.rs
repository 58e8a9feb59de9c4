//! What a schema is that certain migrations make: they are run in an empty database beside the target.

use std::sync::Arc;

use tokio::sync::{OnceCell, mpsc};

use super::{Assignment, Ended, Held, JobProblem, Schema, Target, only, problem, refusal};
use crate::{
    engine::EngineError,
    model::{catalog::Catalog, migration::Migration, order::SnapshotPolicy, progress::ProgressWriter},
    procedure::migrate,
};

/// Runs these migrations in a database of their own, and gives the schema that they make. That database is gone afterwards.
///
/// # Errors
/// The problem, when it cannot be made or one of them fails there.
pub(super) async fn replay(
    target: &Target,
    told: &Assignment,
    catalog: &Catalog,
    holds: &[&Migration],
) -> Result<Schema, JobProblem> {
    let scratch = target.archive.scratch().await.map_err(|error| problem::archive(&error))?;
    let copy = target.engine.set(scratch.path()).await.map_err(problem::untouched)?;
    let read = OnceCell::new_with(Some(Arc::new(only(catalog, holds))));
    let beside = Target { read: Some(Arc::new(read)), ..target.on_scratch(copy.engine(), scratch.path()) };
    let replayed = run(&beside, told).await;
    if let Err(error) = copy.remove().await {
        told.warning(format!("the empty database of the replay is left over; the next one removes it: {error}"));
    }
    replayed
}

async fn run(target: &Target, told: &Assignment) -> Result<Schema, JobProblem> {
    let session = target.engine.open().await.map_err(problem::untouched)?;
    let mut held = Held::new(session);
    let replayed = migrated(target, told, &mut held).await;
    held.say_goodbye().await;
    if let Some(session) = held.into_session() {
        session.close().await;
    }
    replayed
}

async fn migrated(target: &Target, told: &Assignment, held: &mut Held) -> Result<Schema, JobProblem> {
    // What is told of the replay is not told of the target.
    let (log, _unread) = mpsc::unbounded_channel();
    let aside = Assignment { progress: ProgressWriter::channel().0, log, ..told.clone() };
    let ask = migrate::Ask {
        to: None,
        dry_run: false,
        snapshot: Some(SnapshotPolicy::Never),
        validate: false,
        in_doubt: None,
        accept_loss: None,
        only_left: false,
    };
    match Box::pin(migrate::migrate(target, &aside, held, ask)).await {
        Ended { problem: Some(problem), .. } => Err(refusal::replay(&problem)),
        _ if told.is_stopping() => Err(problem::untouched(EngineError::Cancelled)),
        _ => held.session().map_err(problem::untouched)?.schema(None).await.map_err(problem::untouched),
    }
}
