//! The way back of what this release does not have: kept in the target when it was applied.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{Assignment, Target};
use crate::{
    engine::{
        EngineError, Session,
        bookkeeping::archive::{self, KEPT_BYTES_MAX},
    },
    model::{
        archived::Archived,
        catalog::Catalog,
        checksum::{Checksum, Edit},
        history::History,
        migration::Migration,
    },
    sql::{self, PRINT_DIGITS},
};

/// How many statements of a migration may have their prints kept: what has more is data.
const PRINTS_MAX: u64 = 20_000;

/// Keeps what is about to be applied.
///
/// # Errors
/// The server's.
pub async fn keep<'a>(
    target: &Target,
    session: &mut dyn Session,
    told: &Assignment,
    epoch: i64,
    migrations: impl IntoIterator<Item = &'a Migration>,
) -> Result<(), EngineError> {
    let mut kept = Vec::new();
    // One that runs again and again has no way back, and would be kept as often.
    for migration in migrations.into_iter().filter(|migration| !migration.identity.is_repeatable()) {
        let name = migration.identity.to_string();
        let prints = (migration.statement_count() <= PRINTS_MAX).then(|| {
            migration.written().map(|written| sql::print(target.engine.dialect(), written.sql)).collect::<String>()
        });
        // our own types always are JSON
        let content = serde_json::to_string(&Archived::of(migration, prints)).unwrap_or_default();
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

/// The history with the prints of what was applied and has another text now, as far as the target kept them. Asks nothing
/// when no text has changed.
///
/// # Errors
/// The server's.
pub async fn with_prints(
    session: &mut dyn Session,
    catalog: &Catalog,
    mut history: History,
) -> Result<History, EngineError> {
    let by_id = catalog.by_id();
    let is_edited = |name: &String, then| {
        by_id.get(name).is_some_and(|migration| migration.checksum.edit_since(then) == Edit::Meaningful)
    };
    let rows = history.applied.iter().filter_map(|row| Some((row.name.as_ref()?, row.checksum.as_ref()?)));
    let edited: BTreeMap<String, Checksum> =
        rows.filter(|(name, then)| is_edited(name, then)).map(|(name, then)| (name.clone(), then.clone())).collect();
    // In the middle of a restore the tables are those of two times, or not there.
    let is_half_restored = history.unfinished.as_ref().is_some_and(|left| left.snapshot.is_some());
    if edited.is_empty() || history.is_outdated || is_half_restored {
        return Ok(history);
    }
    let names: Vec<String> = edited.keys().cloned().collect();
    for (name, content) in archive::kept(session, &names).await? {
        // What cannot be read says nothing of statements; that the text is another is known without it.
        let kept = Archived::read(&content).ok();
        if let Some(prints) = edited.get(&name).and_then(|then| kept?.prints(then, PRINT_DIGITS)) {
            history.prints.insert(name, prints);
        }
    }
    Ok(history)
}
