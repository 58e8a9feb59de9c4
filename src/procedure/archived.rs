//! The way back of what this release does not have: kept in the target when it was applied.

use std::{borrow::Cow, collections::BTreeSet};

use super::Assignment;
use crate::{
    engine::{
        EngineError, Session,
        bookkeeping::archive::{self, KEPT_BYTES_MAX},
    },
    model::{archived::Archived, catalog::Catalog, history::History, migration::Migration},
};

/// Keeps what is about to be applied.
///
/// # Errors
/// The server's.
pub async fn keep<'a>(
    session: &mut dyn Session,
    told: &Assignment,
    epoch: i64,
    migrations: impl IntoIterator<Item = &'a Migration>,
) -> Result<(), EngineError> {
    let mut kept = Vec::new();
    // One that runs again and again has no way back, and would be kept as often.
    for migration in migrations.into_iter().filter(|migration| !migration.identity.is_repeatable()) {
        let name = migration.identity.to_string();
        // our own types always are JSON
        let content = serde_json::to_string(&Archived::of(migration)).unwrap_or_default();
        if content.len() > KEPT_BYTES_MAX {
            told.warning(format!(
                "the way back of {name} is too large to be kept in the target ({} bytes)",
                content.len()
            ));
        } else {
            kept.push((name, content));
        }
    }
    archive::keep(session, epoch, &kept).await
}

/// The catalog with what was applied and is not in it, as far as the target kept it. For going back only: what is added has
/// no forward script.
///
/// # Errors
/// The server's; [`EngineError::Unsupported`] when a newer windlass kept it.
pub async fn with_archived<'a>(
    session: &mut dyn Session,
    catalog: &'a Catalog,
    history: &History,
) -> Result<Cow<'a, Catalog>, EngineError> {
    let known: BTreeSet<String> = catalog.migrations.iter().map(|migration| migration.identity.to_string()).collect();
    let names = history.applied.iter().filter_map(|row| row.name.clone());
    let missing: Vec<String> = names.filter(|name| !known.contains(name)).collect();
    if missing.is_empty() || history.is_outdated {
        return Ok(Cow::Borrowed(catalog));
    }
    let mut more = catalog.clone();
    for (name, content) in archive::kept(session, &missing).await? {
        let read = Archived::read(&content).and_then(Archived::migration);
        let migration = read.map_err(|error| EngineError::Unsupported {
            found: format!("{name} in windlass_archive: {error}"),
            needed: "the release that applied it, or a snapshot: windlass down --snapshot <id>",
        })?;
        more.migrations.push(migration);
    }
    Ok(Cow::Owned(more))
}
