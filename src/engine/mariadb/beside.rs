//! Databases beside the live one: how they are called, who uses them, and how they go.
//!
//! A database of ours is called after the live one, with a word for what it is for and an id:
//! `app__windlass_restore_01j9z3m8`. Whoever makes one holds a lock by its name for as long as it is used; a lock goes with
//! its session, so that a name whose lock is free belongs to somebody who died.

use std::path::Path;

use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{
    address::Address,
    broken::name as quoted,
    lock,
    open::{self, Purpose},
    restore,
    tables::WORDS,
};
use crate::{
    engine::{
        DumpSource, EngineError, Session, Value,
        bookkeeping::{
            self,
            restoring::{self, Restoring},
        },
    },
    model::snapshot::Manifest,
};

/// The longest name of a database (MySQL manual, "Identifier Length Limits").
pub(super) const NAME_LETTERS_MAX: usize = 64;

/// How long the id at the end of a name beside the database is.
const ID_LETTERS: usize = 8;

/// A copy that becomes the live one.
pub(super) const RESTORE: &str = "restore";
/// What was the live one, with what a restore needs to go on after a crash.
pub(super) const KEPT: &str = "kept";
/// A copy that is only looked at.
pub(super) const TRIAL: &str = "trial";
/// A database that is made for one job.
pub(super) const SCRATCH: &str = "scratch";

/// The database in which every account may be.
const CATALOG: &str = "information_schema";

/// An id for the names of one restore or trial.
pub(super) fn id() -> String {
    let ulid = Ulid::generate().to_string().to_lowercase();
    ulid[ulid.len() - ID_LETTERS..].to_owned()
}

/// A name for what is beside the live one.
pub(super) fn name(live: &str, word: &str, id: &str) -> String {
    format!("{}__windlass_{word}_{id}", stem(live))
}

/// The database's name, or its beginning with a hash where the whole would leave no room.
fn stem(live: &str) -> String {
    const ROOM: usize = NAME_LETTERS_MAX - "__windlass_restore_".len() - ID_LETTERS;
    if live.chars().count() <= ROOM {
        return live.to_owned();
    }
    let hash = Sha256::digest(live);
    let beginning: String = live.chars().take(ROOM - 9).collect();
    format!("{beginning}_{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

/// Says that a name is in use from now on, as long as the session lasts or until [`free`].
pub(super) async fn claim(session: &mut dyn Session, name: &str) -> Result<bool, EngineError> {
    let rows = session.query("SELECT GET_LOCK(?, 0)", &[Value::Text(lock::name(name, true))]).await?;
    Ok(rows.first().map_or(Ok(None), |row| row.int(0))? == Some(1))
}

/// A name is not in use any more; nothing happens when it was not.
pub(super) async fn free(session: &mut dyn Session, name: &str) -> Result<(), EngineError> {
    session.query("SELECT RELEASE_LOCK(?)", &[Value::Text(lock::name(name, true))]).await.map(drop)
}

/// Removes the databases of these words that were left beside the live one by somebody who died, but for those of a restore
/// that is still to be brought to its end. Names are compared here, for the server's catalog takes `app` and `APP` for one.
pub(super) async fn sweep(session: &mut dyn Session, live: &str) -> Result<Vec<String>, EngineError> {
    let beginnings = [RESTORE, TRIAL, KEPT, SCRATCH].map(|word| name(live, word, ""));
    let needed = needed(session).await?;
    let mut swept = Vec::new();
    for row in session.query("SELECT schema_name FROM information_schema.schemata", &[]).await? {
        let found = row.text(0)?.unwrap_or_default();
        let is_of = |beginning: &String| found.strip_prefix(beginning).is_some_and(|id| id.len() == ID_LETTERS);
        let is_ours = beginnings.iter().any(is_of) && !needed.iter().any(|name| name == found);
        if !is_ours || !claim(session, found).await? {
            continue;
        }
        let dropped = remove(session, found).await;
        free(session, found).await?;
        dropped?;
        tracing::info!(database = found, "the database {found}, left by a run that was killed, is dropped");
        swept.push(found.to_owned());
    }
    Ok(swept)
}

/// The databases of a restore that was interrupted, by what is written down of it.
async fn needed(session: &mut dyn Session) -> Result<Vec<String>, EngineError> {
    if !bookkeeping::present(session, &WORDS).await? {
        return Ok(Vec::new());
    }
    let left = restoring::read(session).await?;
    Ok(left.map_or_else(Vec::new, |Restoring { copy, kept, .. }| vec![copy, kept]))
}

/// Removes a database of ours, if it is there.
pub(super) async fn remove(session: &mut dyn Session, name: &str) -> Result<(), EngineError> {
    run(session, &format!("DROP DATABASE IF EXISTS {}", quoted(name))).await
}

/// Makes a database with the character set of another one; of the server, where that is not there.
pub(super) async fn create_like(session: &mut dyn Session, like: &str, name: &str) -> Result<(), EngineError> {
    let sql = "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata \
               WHERE schema_name = ?";
    let rows = session.query(sql, &[Value::from(like)]).await?;
    let words = match rows.first() {
        Some(row) => {
            let (set, collation) = (row.text(0)?.unwrap_or("utf8mb4"), row.text(1)?.unwrap_or("utf8mb4_bin"));
            format!(" CHARACTER SET {set} COLLATE {collation}")
        }
        None => String::new(),
    };
    run(session, &format!("CREATE DATABASE {}{words}", quoted(name))).await
}

/// Runs a statement of ours that may take as long as it takes.
pub(super) async fn run(session: &mut dyn Session, sql: &str) -> Result<(), EngineError> {
    session.execute(sql).await.map(|_| ()).map_err(|failed| failed.error)
}

/// Makes the database if it is missing; whether it made it.
pub(super) async fn create(address: &Address, like: &str) -> Result<bool, EngineError> {
    let mut session = open::open(&address.with_database(CATALOG), Purpose::Write).await?;
    let created = created(&mut session, &address.database, like).await;
    Box::new(session).close().await;
    created
}

async fn created(session: &mut dyn Session, name: &str, like: &str) -> Result<bool, EngineError> {
    let sql = "SELECT schema_name FROM information_schema.schemata WHERE schema_name = ?";
    if !session.query(sql, &[Value::from(name)]).await?.is_empty() {
        return Ok(false);
    }
    create_like(session, like, name).await?;
    Ok(true)
}

/// The same as [`sweep`], over a session of its own.
pub(super) async fn swept(address: &Address) -> Result<Vec<String>, EngineError> {
    let mut session = open::open(address, Purpose::Write).await?;
    let swept = sweep(&mut session, &address.database).await;
    Box::new(session).close().await;
    swept
}

/// Loads a dump into a database of its own, compares it, and drops it.
pub(super) async fn trial(
    address: &Address,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<(), EngineError> {
    let mut session = open::open(address, Purpose::Write).await?;
    let tried = tried(address, &mut session, scratch, source, manifest).await;
    Box::new(session).close().await;
    tried
}

async fn tried(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<(), EngineError> {
    let live = address.database.as_str();
    sweep(session, live).await?;
    let copy = name(live, TRIAL, &id());
    must_be_free(session, &copy).await?;
    create_like(session, live, &copy).await?;
    let tried = restore::prove(address, session, scratch, source, manifest, &copy).await;
    failpoint!("trial.compared", EngineError::fault);
    let removed = remove(session, &copy).await;
    if let Err(error) = &removed {
        tracing::warn!(database = %copy, %error, "the copy could not be removed; the next trial or restore removes it");
    }
    tried
}

/// Claims a name that nobody else can have.
pub(super) async fn must_be_free(session: &mut dyn Session, name: &str) -> Result<(), EngineError> {
    if claim(session, name).await? {
        return Ok(());
    }
    Err(EngineError::Refused { code: "GET_LOCK".to_owned(), message: format!("the name {name} is in use") })
}
