//! Puts a native dump in the place of the database: loaded beside, compared, then swapped.
//!
//! The tables change places in one RENAME, which either happens or does not: of 159 kills of the server in the middle of
//! one none left a mixture. Views, routines, events and triggers cannot be renamed into another database (triggers:
//! error 1435), so they are written again after it. Whoever dies in between leaves whole tables of one side or the other;
//! running the restore again puts everything in its place, and what is left beside is named after the database
//! (`…__windlass_old_…`, `…__windlass_restore_…`) and is removed by the next restore that succeeds.
//!
//! `windlass_lock` stays where it is: its epoch only ever rises. Foreign keys follow their tables; those of tables in
//! *other* databases follow the old tables and are not handled here. Where the event scheduler is on, events of the copy
//! may fire in the copy while it is compared; what they change there shows as a difference, and the restore is refused.

mod belongings;
mod load;
mod swap;

use std::path::Path;

use sha2::{Digest, Sha256};
use ulid::Ulid;

use self::{belongings::Belongings, swap::Swap};
use super::{
    address::Address,
    broken,
    open::{self, Purpose},
    session::MariaSession,
};
use crate::{
    engine::{self, DumpSource, EngineError, RestoreError, Session, Value},
    model::{schema::Schema, snapshot::Manifest},
};

/// The longest name of a database (MySQL manual, "Identifier Length Limits").
const NAME_LETTERS_MAX: usize = 64;

/// How long the id at the end of a name beside the database is.
const ID_LETTERS: usize = 8;

/// Restores; `session` holds the lock before and after.
///
/// # Errors
/// The database is then as it was. When the session is gone too, [`EngineError::Lost`]: see above for what that leaves.
pub(super) async fn restore(
    address: &Address,
    mut session: Box<dyn Session>,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<Box<dyn Session>, RestoreError> {
    match restored(address, &mut *session, scratch, source, manifest).await {
        Ok(()) => Ok(session),
        Err(error) => {
            let there = session.query("SELECT 1", &[]).await.is_ok();
            Err(RestoreError { session: there.then_some(session), error })
        }
    }
}

async fn restored(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<(), EngineError> {
    let live = asked_name(session).await?;
    let places = Places::beside(&live);
    drop_databases(session, &format!("{}__windlass_restore_", stem(&live))).await?;
    create_beside(session, &live, &places.copy).await?;
    let swapped = replaced(address, session, scratch, source, manifest, &live, &places).await;
    // After a failure the copy is of no use; what was there before is in its place again.
    if let Err(error) = drop_databases(session, &places.copy).await {
        tracing::warn!(database = %places.copy, %error, "the copy could not be removed; the next restore removes it");
    }
    swapped?;
    failpoint!("restore.tidy");
    if let Err(error) = drop_databases(session, &format!("{}__windlass_old_", stem(&live))).await {
        tracing::warn!(database = %places.old, %error, "the old tables could not be removed; the next restore removes them");
    }
    Ok(())
}

async fn replaced(
    address: &Address,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    live: &str,
    places: &Places,
) -> Result<(), EngineError> {
    let beside = address.with_database(&places.copy);
    let product = session.server().product;
    engine::awake(session, load::load(&beside, product, scratch, source)).await?;
    let mut copy = Box::new(open::open(&beside, Purpose::Read).await?);
    let facts = engine::awake(session, compared(&mut copy, manifest)).await;
    let wanted = match facts {
        Ok(()) => Belongings::gather(&mut *copy, &places.copy).await,
        Err(error) => Err(error),
    };
    copy.close().await;
    failpoint!("restore.loaded", EngineError::fault);
    Swap::prepare(session, live, places, wanted?).await?.run(session, &manifest.schema_fingerprint).await
}

/// The names beside the database that a restore uses.
struct Places {
    copy: String,
    old: String,
}

impl Places {
    fn beside(live: &str) -> Self {
        let ulid = Ulid::generate().to_string().to_lowercase();
        let id = &ulid[ulid.len() - ID_LETTERS..];
        let stem = stem(live);
        Self { copy: format!("{stem}__windlass_restore_{id}"), old: format!("{stem}__windlass_old_{id}") }
    }
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

async fn asked_name(session: &mut dyn Session) -> Result<String, EngineError> {
    let rows = session.query("SELECT DATABASE()", &[]).await?;
    let name = rows.first().map_or(Ok(None), |row| row.text(0))?;
    Ok(name.unwrap_or_default().to_owned())
}

async fn create_beside(session: &mut dyn Session, live: &str, copy: &str) -> Result<(), EngineError> {
    let sql = "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata \
               WHERE schema_name = ?";
    let rows = session.query(sql, &[Value::from(live)]).await?;
    let words = rows.first().ok_or_else(|| differs("the database has no entry in information_schema.schemata"))?;
    let (charset, collation) = (words.text(0)?.unwrap_or("utf8mb4"), words.text(1)?.unwrap_or("utf8mb4_bin"));
    run(session, &format!("CREATE DATABASE {} CHARACTER SET {charset} COLLATE {collation}", broken::name(copy))).await
}

/// Removes the databases whose name begins like that; the rest of such a name is at most an id of eight letters. Names are
/// compared here, for the server's catalog takes `app` and `APP` for one.
async fn drop_databases(session: &mut dyn Session, beginning: &str) -> Result<(), EngineError> {
    for row in session.query("SELECT schema_name FROM information_schema.schemata", &[]).await? {
        let name = row.text(0)?.unwrap_or_default();
        if name.strip_prefix(beginning).is_some_and(|rest| rest.len() <= ID_LETTERS) {
            run(session, &format!("DROP DATABASE {}", broken::name(name))).await?;
        }
    }
    Ok(())
}

async fn compared(copy: &mut MariaSession, manifest: &Manifest) -> Result<(), EngineError> {
    must_be(&copy.schema(None).await?, &manifest.schema_fingerprint)?;
    let counts = copy.count_rows().await?;
    for (table, expected) in &manifest.tables {
        match counts.get(table) {
            Some(found) if found == expected => {}
            // Our own tables are not counted here; a manifest may name them.
            None if super::tables::is_ours(table) => {}
            Some(found) => return Err(differs(&format!("{table} has {found} rows, not {expected}"))),
            None => return Err(differs(&format!("{table} is missing"))),
        }
    }
    Ok(())
}

fn must_be(schema: &Schema, expected: &str) -> Result<(), EngineError> {
    let found = schema.fingerprint();
    if found == expected { Ok(()) } else { Err(differs(&format!("the schema is {found}, not {expected}"))) }
}

fn differs(difference: &str) -> EngineError {
    EngineError::Differs { difference: difference.to_owned() }
}

/// Runs a statement of ours that may take as long as it takes.
async fn run(session: &mut dyn Session, sql: &str) -> Result<(), EngineError> {
    session.execute(sql).await.map(|_| ()).map_err(|failed| failed.error)
}
