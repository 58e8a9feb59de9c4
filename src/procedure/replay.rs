//! What a schema is that certain migrations make: they are run in an empty database of their own.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{
    Assignment, Ended, Held, JobLog, Target,
    migrate::{self, Short},
    name_of, problem,
};
use crate::{
    engine::Engine,
    model::{catalog::Catalog, job::JobProblem, order::SnapshotPolicy, progress::ProgressWriter, schema::Schema},
};

/// What came of it.
pub(super) struct Replayed {
    /// What was made.
    pub schema: Schema,
    /// On which server, as verdicts name it.
    pub server: String,
}

/// Runs the migrations of a catalog in an empty database beside that of `place`, and gives the schema that they make. That
/// database is gone afterwards, and the target is not touched.
///
/// # Errors
/// That it was stopped; the problem, when the database cannot be made, or as `refused` tells it when one of them fails there.
pub(super) async fn replay(
    target: &Target,
    told: &Assignment,
    place: &Arc<dyn Engine>,
    catalog: Catalog,
    refused: impl FnOnce(&JobProblem) -> JobProblem,
) -> Result<Replayed, Short> {
    let scratch = target.archive.scratch().await.map_err(|error| problem::archive(&error))?;
    let copy = place.set(scratch.path()).await.map_err(|error| problem::no_scratch(&error))?;
    let read = OnceCell::new_with(Some(Arc::new(catalog)));
    let beside = Target { read: Some(Arc::new(read)), ..target.on_scratch(copy.engine(), scratch.path()) };
    let replayed = run(&beside, told, refused).await;
    if let Err(error) = copy.remove().await {
        told.warning(format!("the empty database of the replay is left over; the next one removes it: {error}"));
    }
    replayed
}

async fn run(
    target: &Target,
    told: &Assignment,
    refused: impl FnOnce(&JobProblem) -> JobProblem,
) -> Result<Replayed, Short> {
    let session = target.engine.open().await.map_err(|error| problem::no_scratch(&error))?;
    let mut held = Held::new(session);
    let replayed = migrated(target, told, &mut held, refused).await;
    held.say_goodbye().await;
    if let Some(session) = held.into_session() {
        session.close().await;
    }
    replayed
}

async fn migrated(
    target: &Target,
    told: &Assignment,
    held: &mut Held,
    refused: impl FnOnce(&JobProblem) -> JobProblem,
) -> Result<Replayed, Short> {
    // What is told of the replay is not told of the target.
    let aside = Assignment { progress: ProgressWriter::channel().0, log: JobLog::unread(), ..told.clone() };
    let ask = migrate::Ask {
        validate: false,
        snapshot: Some(SnapshotPolicy::Never),
        only_left: false,
        ..migrate::Ask::WHAT_IS_LEFT
    };
    match Box::pin(migrate::migrate(target, &aside, held, ask)).await {
        Ended { problem: Some(problem), .. } => Err(refused(&problem).into()),
        _ if told.is_stopping() => Err(Short::Paused),
        _ => {
            let session = held.session().map_err(|error| problem::no_scratch(&error))?;
            let server = name_of(session.server());
            let schema = session.schema(None).await.map_err(|error| problem::no_scratch(&error))?;
            Ok(Replayed { schema, server })
        }
    }
}
