//! Beside which database scratch databases are made.

use std::sync::Arc;

use super::{Assignment, Target, problem};
use crate::{
    engine::{self, Engine, EngineError},
    model::job::JobProblem,
};

/// The database that scratch databases are made beside: the target, or the one that `rehearsal.url` names. Where they are files, what
/// killed jobs left is removed first.
///
/// # Errors
/// The problem, when that cannot be used.
pub(super) async fn place(target: &Target, told: &Assignment) -> Result<Arc<dyn Engine>, JobProblem> {
    if let Err(error) = target.archive.sweep_scratch().await {
        told.warning(format!("leftovers in the snapshot folder could not be swept up: {error}"));
    }
    let Some(url) = &target.config.rehearsal.url else { return Ok(Arc::clone(&target.engine)) };
    let place = engine::at(url).map_err(|error| match error {
        EngineError::Address { reason } => problem::rehearsal_unusable(&reason),
        error => problem::rehearsal_unusable(&error.to_string()),
    })?;
    if place.dialect() != target.engine.dialect() {
        return Err(problem::rehearsal_unusable("it names a database of another kind than the target"));
    }
    if target.engine.scratch_bytes(1) > 0 {
        return Err(problem::rehearsal_unusable(
            "copies of a database that is a file are made in snapshots.path, and nowhere else",
        ));
    }
    if is_same(place.address(), target.engine.address()) {
        return Err(problem::rehearsal_unusable("it names the target itself"));
    }
    let reached = async {
        place.open_to_read().await?.close().await;
        Ok(())
    };
    let reached: Result<(), EngineError> = reached.await;
    reached.map_err(|error| problem::rehearsal_unusable(&error.to_string()))?;
    Ok(place)
}

/// Whether two addresses name one database, whoever comes there.
fn is_same(one: &str, other: &str) -> bool {
    let place = |address: &str| {
        let (_, rest) = address.split_once("://").unwrap_or(("", address));
        let rest = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        rest.replace("localhost", "127.0.0.1").replace("[::1]", "127.0.0.1")
    };
    place(one) == place(other)
}
