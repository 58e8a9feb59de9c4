//! Databases beside the live one: how they are called, who uses them, and how they go.
//!
//! A database of ours is called after the live one, with a word for what it is for and an id:
//! `app__windlass_restore_01j9z3m8`. Whoever makes one holds a lock by its name on the maintenance database for as long as
//! it is used; a lock goes with its session, so that a name whose lock is free belongs to somebody who died.

use std::path::Path;

use sqlx::{Connection, PgConnection};
use ulid::Ulid;

use super::{
    address::Address,
    connect::{self, Purpose, bounded},
    copy, lock, refusal, swap,
};
use crate::{
    engine::{DumpSource, EngineError, Session},
    model::snapshot::Manifest,
};

/// The longest name that fits: an identifier has 63 bytes (PostgreSQL manual, "Lexical Structure", NAMEDATALEN).
pub(super) const NAME_BYTES_MAX: usize = 63;

/// What a database beside the live one is for.
const WORDS: [&str; 4] = [RESTORE, OLD, TRIAL, SCRATCH];
/// A copy that becomes the live one.
pub(super) const RESTORE: &str = "restore";
/// What was the live one.
pub(super) const OLD: &str = "old";
/// A copy that is only looked at.
pub(super) const TRIAL: &str = "trial";
/// A database that is made for one job.
pub(super) const SCRATCH: &str = "scratch";

/// How long the id at the end is.
const ID_LETTERS: usize = 8;

/// How long it may take to give locks back.
const UNLOCK_MS_MAX: u64 = 10_000;

/// An id for names of one restore or trial.
pub(super) fn id() -> String {
    let id = Ulid::generate().to_string().to_lowercase();
    id[id.len() - ID_LETTERS..].to_owned()
}

/// A name for what is beside the live one; that is cut where it is too long.
pub(super) fn name(live: &str, word: &str, id: &str) -> String {
    format!("{}{id}", beginning(live, word))
}

fn beginning(live: &str, word: &str) -> String {
    let ending = format!("__windlass_{word}_");
    let mut end = live.len().min(NAME_BYTES_MAX - ID_LETTERS - ending.len());
    while !live.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &live[..end])
}

/// Whether a database was made beside the live one for one of these.
pub(super) fn is_from(words: &[&str], live: &str, name: &str) -> bool {
    let rest = words.iter().find_map(|word| name.strip_prefix(&beginning(live, word)));
    rest.is_some_and(|id| id.len() == ID_LETTERS && id.bytes().all(|letter| letter.is_ascii_alphanumeric()))
}

/// Says that a name is in use from now on, as long as the connection lasts.
pub(super) async fn claim(maintenance: &mut PgConnection, name: &str) -> Result<(), EngineError> {
    if bounded(lock::try_take_beside(maintenance, name)).await? {
        return Ok(());
    }
    Err(EngineError::Refused { code: "55P03".to_owned(), message: format!("the name {name} is in use") })
}

/// Drops what was left beside the live database by somebody who died.
pub(super) async fn sweep(maintenance: &mut PgConnection, live: &str) -> Result<Vec<String>, EngineError> {
    let mut swept = Vec::new();
    for name in bounded(databases(maintenance)).await?.into_iter().filter(|name| is_from(&WORDS, live, name)) {
        if bounded(lock::try_take_beside(maintenance, &name)).await? {
            swap::drop_database(maintenance, &name).await?;
            bounded(lock::release_beside(maintenance, &name)).await?;
            tracing::info!(database = name, "the database {name}, left by a run that was killed, is dropped");
            swept.push(name);
        }
    }
    Ok(swept)
}

async fn databases(maintenance: &mut PgConnection) -> Result<Vec<String>, EngineError> {
    let told = sqlx::query_scalar("SELECT d.datname::text FROM pg_database d ORDER BY 1").persistent(false);
    told.fetch_all(maintenance).await.map_err(|error| refusal::of(&error))
}

/// The same over a connection of its own.
pub(super) async fn swept(address: &Address) -> Result<Vec<String>, EngineError> {
    let mut maintenance = swap::maintenance(address).await?;
    let swept = sweep(&mut maintenance, &address.database).await;
    let _ = bounded(async { maintenance.close().await.map_err(|error| refusal::of(&error)) }).await;
    swept
}

/// Drops what is left over, and says goodbye. A database that cannot be dropped costs room, and is told of in the log.
pub(super) async fn tidy(address: &Address, mut maintenance: PgConnection, left: &str) {
    let mut dropped = swap::drop_database(&mut maintenance, left).await;
    // Now, and not when the server sees that this connection is gone: the next one may ask before that.
    let _ = copy::run(&mut maintenance, "SELECT pg_advisory_unlock_all()".to_owned(), UNLOCK_MS_MAX).await;
    let _ = bounded(async { maintenance.close().await.map_err(|error| refusal::of(&error)) }).await;
    if matches!(dropped, Err(EngineError::Lost { .. } | EngineError::TimedOut(_)))
        && let Ok(mut again) = swap::maintenance(address).await
    {
        dropped = swap::drop_database(&mut again, left).await;
    }
    if let Err(error) = dropped {
        tracing::warn!(database = left, %error, "the database {left} is left over; the next restore or trial drops it");
    }
}

/// Makes the database if it is missing, like `like` if that is told; whether it made it.
pub(super) async fn create(address: &Address, like: Option<&str>) -> Result<bool, EngineError> {
    let mut maintenance = swap::maintenance(address).await?;
    let created = created(&mut maintenance, &address.database, like).await;
    let _ = bounded(async { maintenance.close().await.map_err(|error| refusal::of(&error)) }).await;
    created
}

async fn created(maintenance: &mut PgConnection, name: &str, like: Option<&str>) -> Result<bool, EngineError> {
    if bounded(databases(maintenance)).await?.iter().any(|there| there == name) {
        return Ok(false);
    }
    match like {
        Some(like) => copy::create(maintenance, like, name).await?,
        None => copy::run(maintenance, format!("CREATE DATABASE {}", swap::quoted(name)), copy::CREATE_MS_MAX).await?,
    }
    Ok(true)
}

/// Loads a dump into a database of its own, compares it, and drops it.
pub(super) async fn trial(
    address: &Address,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<(), EngineError> {
    // It finds out whether sessions are shared behind our back, which would leave locks with somebody else.
    let session = connect::open(address, Purpose::Work).await?;
    let major = session.server().number.0;
    Box::new(session).close().await;
    let mut maintenance = swap::maintenance(address).await?;
    sweep(&mut maintenance, &address.database).await?;
    let copy = name(&address.database, TRIAL, &id());
    let tried = async {
        claim(&mut maintenance, &copy).await?;
        copy::make(address, &mut maintenance, &copy, scratch, source, manifest, major).await
    };
    let tried = tried.await;
    failpoint!("trial.compared");
    tidy(address, maintenance, &copy).await;
    tried
}
