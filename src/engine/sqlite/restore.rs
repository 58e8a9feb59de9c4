//! A dump into the place of the database: received into a private file, proved, then copied over as one transaction.
//!
//! The file of the database stays the same file: the application's connections stay good, read the old state until the
//! commit and the new one after it. Swapping files under open connections would leave each with its own (SQLite manual, "How
//! To Corrupt An SQLite Database File", section 2.4).

use std::{fs::File, io::Write, path::Path};

use sha2::{Digest, Sha256};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::task;

use super::{
    DumpSource, EngineError, Place, Session, content, copy, fault,
    fence::Fence,
    introspect,
    open::{self, Access},
    rows,
    scratch::Scratch,
    tables,
};
use crate::{engine::Value, model::snapshot::Manifest};

/// Puts a dump in the place of the database. See [`crate::engine::Engine::restore`]; `session` holds the lock meanwhile.
pub(super) async fn restore(
    place: &Place,
    session: &mut dyn Session,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    epoch: Option<i64>,
) -> Result<(), EngineError> {
    let file = received(scratch, source, manifest).await?;
    let mut copy = prove(place, &file, manifest).await?;
    let mut live = open::connect(place, Access::Write).await?;
    carry_epoch(session, &mut copy, epoch).await?;
    fit_pages(&mut copy, &mut live).await.map_err(|error| fault::in_session(place, &error, None))?;
    failpoint!("restore.loaded", EngineError::fault);
    let fence = match epoch {
        Some(epoch) => Some(Fence::of(place, epoch).await?),
        None => None,
    };
    let (copy, mut live) = copy::over(copy, live, fence).await?;
    failpoint!("restore.copied");
    // The log is as large as the database now. It shrinks here unless a reader still needs it, which is not waited for:
    // then SQLite does it later by itself.
    let _ = rows::run(&mut live, "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)").await;
    let _ = live.close().await;
    let _ = copy.close().await;
    Ok(())
}

/// Writes the stream into the file, and compares its size and hash with the manifest's.
fn receive(file: Scratch, mut source: DumpSource, expected: &(u64, String)) -> Result<Scratch, EngineError> {
    let on_file = |error| fault::on_file(file.path(), error);
    let mut sink = File::options().write(true).open(file.path()).map_err(on_file)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    while let Some(piece) = source.blocking_recv() {
        let piece = piece.map_err(on_file)?;
        sink.write_all(&piece).map_err(on_file)?;
        hash.update(&piece);
        bytes += u64::try_from(piece.len()).unwrap_or_default();
    }
    if bytes != expected.0 {
        return Err(differs(format!("the dump has {bytes} bytes, not {}", expected.0)));
    }
    let found = hex(&hash.finalize());
    if found != expected.1 {
        return Err(differs(format!("the SHA-256 of the dump is {found}, not {}", expected.1)));
    }
    Ok(file)
}

/// Opens the copy, and compares it with the manifest before the database is touched. Its structure and its rows are looked at side
/// by side, as each takes a whole processor.
async fn prove(place: &Place, file: &Scratch, manifest: &Manifest) -> Result<SqliteConnection, EngineError> {
    let unreadable = |error: sqlx::Error| unreadable(place, error);
    let mut copy = open::options(file.path()).connect().await.map_err(unreadable)?;
    rows::run(&mut copy, "PRAGMA journal_mode = DELETE").await.map_err(unreadable)?;
    let beside = open::options(file.path()).read_only(true).connect().await.map_err(unreadable)?;
    let fingerprint = introspect::schema(&mut copy, None).await.map_err(unreadable)?.fingerprint();
    let tables = content::tables(&mut copy).await.map_err(unreadable)?;
    let (sound, read) = tokio::join!(must_be_sound(place, beside), content::read(copy, tables, None));
    sound?;
    let (copy, found) = read?;
    manifest.difference(&fingerprint, &found).map_or(Ok(copy), |difference| Err(differs(difference)))
}

/// Looks at every page, and whether indexes and tables tell the same. Most of the time goes into looking for each row in each index, all
/// over the file; a larger cache was no faster.
async fn must_be_sound(place: &Place, mut copy: SqliteConnection) -> Result<(), EngineError> {
    let answer = rows::one(&mut copy, "PRAGMA integrity_check(1)").await;
    let _ = copy.close().await; // It was only read from.
    match answer.map_err(|error| unreadable(place, error))? {
        Value::Text(answer) if answer == "ok" => Ok(()),
        other => Err(differs(format!("PRAGMA integrity_check answers {other:?}"))),
    }
}

fn unreadable(place: &Place, error: sqlx::Error) -> EngineError {
    match error {
        sqlx::Error::Database(error) => differs(error.message().to_owned()),
        other => fault::in_session(place, &other, None),
    }
}

/// Proves a dump in a file of its own, which is gone afterwards. See [`crate::engine::Engine::trial`].
pub(super) async fn trial(
    place: &Place,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
) -> Result<(), EngineError> {
    let file = received(scratch, source, manifest).await?;
    let copy = prove(place, &file, manifest).await?;
    failpoint!("trial.compared", EngineError::fault);
    let _ = copy.close().await;
    Ok(())
}

async fn received(scratch: &Path, source: DumpSource, manifest: &Manifest) -> Result<Scratch, EngineError> {
    let file = Scratch::within(scratch)?;
    let expected = (manifest.dump_bytes, manifest.dump_sha256.clone());
    task::spawn_blocking(move || receive(file, source, &expected))
        .await
        .map_err(|error| EngineError::Lost { reason: error.to_string() })?
}

/// The lock's row is that of the run, not of the snapshot: otherwise a restore would bring back an epoch that has passed,
/// and with it the right to write of a run that had lost it. It goes over in the same transaction as everything else.
/// A snapshot from before the first run gets our tables for that.
async fn carry_epoch(
    session: &mut dyn Session,
    copy: &mut SqliteConnection,
    epoch: Option<i64>,
) -> Result<(), EngineError> {
    let count = "SELECT count(*) FROM sqlite_schema WHERE name = 'windlass_lock'";
    let refused = |error: sqlx::Error| EngineError::Refused { code: "copy".to_owned(), message: error.to_string() };
    let in_copy = rows::number(copy, count).await.map_err(refused)?;
    let in_live = session.query(count, &[]).await?.first().map_or(0, |row| rows::int(row, 0));
    if in_live == 0 || in_copy == 0 && epoch.is_none() {
        return Ok(());
    }
    for statement in tables::WORDS.create_tables.iter().filter(|_| in_copy == 0) {
        rows::run(copy, statement).await.map_err(refused)?;
    }
    let columns = "id, layout, epoch, holder, since, heartbeat";
    for row in session.query(&format!("SELECT {columns} FROM windlass_lock"), &[]).await? {
        let write = format!("INSERT OR REPLACE INTO windlass_lock ({columns}) VALUES (?, ?, ?, ?, ?, ?)");
        rows::write(copy, &write, &row.0).await.map_err(refused)?;
    }
    Ok(())
}

/// In WAL mode the pages of the database cannot change their size (SQLite manual, `PRAGMA page_size`), hence those of the
/// copy do. VACUUM keeps every value, and may renumber the rows of a table that has no INTEGER PRIMARY KEY (SQLite manual,
/// "VACUUM"); it runs only for a snapshot from a database of another page size.
async fn fit_pages(copy: &mut SqliteConnection, live: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let size = rows::number(live, "PRAGMA page_size").await?;
    if rows::number(copy, "PRAGMA page_size").await? != size {
        rows::run(copy, &format!("PRAGMA page_size = {size}; VACUUM")).await?;
    }
    Ok(())
}

fn differs(difference: String) -> EngineError {
    EngineError::Differs { difference }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
