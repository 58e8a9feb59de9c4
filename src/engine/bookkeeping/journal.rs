//! `windlass_journal`: what a run means to do, and how far a migration in flight has come, statement by statement.
//!
//! A run writes one planned row (statement 0) for each of its migrations before it begins; history rows are made from
//! them. A migration that is not one transaction adds a row for each statement: `intent` before, `done` after.

use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{lock, undoing::Undoing};
use crate::{
    engine::{EngineError, Row, Session, Value},
    model::{
        checksum::Checksum,
        history::Unfinished,
        migration::{Direction, Migration},
    },
};

/// Rows that one INSERT carries; keeps the number of bound values below what every engine takes.
const ROWS_AT_ONCE_MAX: usize = 50;

/// The state of a statement that is a backfill.
pub(super) const BACKFILL: &str = "backfill";

/// The states of a row that says how a migration is taken back: it is being done; it was done, and led nowhere.
const TAKING_BACK: [&str; 2] = ["undo", STUCK];
pub(super) const STUCK: &str = "stuck";

/// The newest row of the journal under a condition.
macro_rules! newest {
    ($which:literal) => {
        concat!(
            "SELECT run_id, seq, direction, name, number, statement, state, sql_sha256, fingerprint_before, description \
             FROM windlass_journal WHERE ",
            $which,
            " ORDER BY run_id DESC, seq DESC, statement DESC LIMIT 1"
        )
    };
}

/// What a run means to do with one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its place in the run; the first is 1.
    pub seq: u32,
    /// Up or down.
    pub direction: Direction,
    /// The migration's identity.
    pub name: String,
    /// The history number that is written: the migration's own going up, the one that is newest afterwards going down.
    pub number: i64,
    /// The database's version afterwards.
    pub version: String,
    /// For a person.
    pub description: String,
    /// Both checksums.
    pub checksum: Option<String>,
    /// The SHA-256 of the bytes alone, as other readers of `schema_version` expect it.
    pub bytes_sha256: Option<String>,
    /// Whether it has a way back.
    pub rollback_available: bool,
}

impl Planned {
    /// What a run means to do with a migration going up, under the history number it gets.
    #[must_use]
    pub fn up(seq: u32, number: i64, migration: &Migration) -> Self {
        Self {
            seq,
            direction: Direction::Up,
            name: migration.identity.to_string(),
            number,
            version: migration.identity.version.to_string(),
            description: migration.description.clone(),
            checksum: Some(migration.checksum.to_string()),
            bytes_sha256: Some(migration.checksum.bytes.clone()),
            rollback_available: migration.down.is_some(),
        }
    }
}

/// Who does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The run.
    pub run: Ulid,
    /// The application's version.
    pub backend_version: String,
    /// Who asked.
    pub applied_by: String,
    /// The epoch that fences this run.
    pub epoch: i64,
}

/// Writes the planned rows of a run and drops those that earlier runs left without a begun statement.
///
/// # Errors
/// The server's.
pub async fn plan_run(
    session: &mut dyn Session,
    signature: &Signature,
    planned: &[Planned],
) -> Result<(), EngineError> {
    let epoch = signature.epoch;
    let sql = format!(
        "DELETE FROM windlass_journal WHERE run_id NOT IN \
         (SELECT run_id FROM (SELECT DISTINCT run_id FROM windlass_journal WHERE statement > 0) AS begun) AND {}",
        lock::is_ours(epoch)
    );
    session.write(&sql, &[]).await?;
    let fenced = lock::ours_or_nothing(epoch);
    let marks = format!("(?, ?, 0, ?, 'planned', ?, ?, ?, ?, ?, ?, ?, ?, ?, {fenced}, ?)");
    let connection = session.connection_id().to_owned();
    for rows in planned.chunks(ROWS_AT_ONCE_MAX) {
        let marks = vec![marks.as_str(); rows.len()].join(", ");
        let binds: Vec<Value> = rows.iter().flat_map(|row| binds_of(signature, row, &connection)).collect();
        let sql = format!(
            "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, description, \
             checksum, bytes_sha256, rollback_available, backend_version, applied_by, epoch, connection_id) VALUES {marks}"
        );
        if let Err(error) = session.write(&sql, &binds).await {
            return Err(lock::or_fenced(session, epoch, error).await);
        }
    }
    Ok(())
}

fn binds_of(signature: &Signature, row: &Planned, connection: &str) -> [Value; 13] {
    [
        signature.run.to_string().into(),
        i64::from(row.seq).into(),
        row.direction.as_str().into(),
        row.name.clone().into(),
        row.number.into(),
        row.version.clone().into(),
        row.description.clone().into(),
        row.checksum.clone().into(),
        row.bytes_sha256.clone().into(),
        row.rollback_available.into(),
        signature.backend_version.clone().into(),
        signature.applied_by.clone().into(),
        connection.into(),
    ]
}

/// A statement of a migration in flight.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The run that planned it.
    pub run: Ulid,
    /// The migration's place in the run.
    pub seq: u32,
    /// The statement; the first is 1.
    pub statement: u32,
}

/// Writes that a statement is about to run, with the evidence that will tell whether it did. One message, fenced. Its text
/// holds hexadecimal digits, a ULID, numbers and the engine's own name of the connection: nothing that needs binding, so
/// that nothing has to be prepared.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over.
pub async fn intend(
    session: &mut dyn Session,
    place: Place,
    epoch: i64,
    sql: &str,
    fingerprint_before: Option<&str>,
) -> Result<(), EngineError> {
    let Place { run, seq, statement } = place;
    let (digest, connection) = (sha256(sql), session.connection_id());
    let before = fingerprint_before.map_or("NULL".to_owned(), |before| format!("'{before}'"));
    let ours = if ablated!("fence") { "1 = 1".to_owned() } else { format!("l.epoch = {epoch}") };
    let text = format!(
        "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, sql_sha256, \
         fingerprint_before, epoch, connection_id) SELECT p.run_id, p.seq, {statement}, p.direction, 'intent', \
         p.name, p.number, p.version, '{digest}', {before}, l.epoch, '{connection}' FROM windlass_journal p, \
         windlass_lock l WHERE p.run_id = '{run}' AND p.seq = {seq} AND p.statement = 0 AND l.id = 1 \
         AND {ours}"
    );
    let written = session.write(&text, &[]).await?;
    if written == 1 { Ok(()) } else { Err(EngineError::Fenced { ours: epoch }) }
}

/// Marks a statement as done.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over.
pub async fn mark_done(session: &mut dyn Session, place: Place, epoch: i64) -> Result<(), EngineError> {
    lock::write_fenced(session, epoch, &done(place, epoch), &[]).await
}

/// The statement that marks a statement as done, and nothing when another run has taken over.
#[must_use]
pub fn done(place: Place, epoch: i64) -> String {
    becomes("done", place, epoch)
}

pub(super) fn becomes(state: &str, place: Place, epoch: i64) -> String {
    let Place { run, seq, statement } = place;
    format!(
        "UPDATE windlass_journal SET state = '{state}' WHERE run_id = '{run}' AND seq = {seq} AND statement = {statement} \
         AND {}",
        lock::is_ours(epoch)
    )
}

/// The statement that marks an intent as running, for the transaction in which its statement runs. Where that statement
/// commits by itself it commits this mark too; without it, nothing of that transaction was kept.
#[must_use]
pub fn mark_running(place: Place) -> String {
    let Place { run, seq, statement } = place;
    format!(
        "UPDATE windlass_journal SET state = 'running' WHERE run_id = '{run}' AND seq = {seq} AND statement = {statement}"
    )
}

/// Makes an intent again of a statement that is done, before it is taken back.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn doubt(session: &mut dyn Session, place: Place, epoch: i64) -> Result<(), EngineError> {
    lock::write_fenced(session, epoch, &becomes("intent", place, epoch), &[]).await
}

/// The statement that adds a statement as done at once, for one that shares a transaction with this mark.
#[must_use]
pub fn add_done(place: Place, epoch: i64) -> String {
    let Place { run, seq, statement } = place;
    format!(
        "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, epoch) \
         SELECT run_id, seq, {statement}, direction, 'done', name, number, version, {epoch} FROM windlass_journal \
         WHERE run_id = '{run}' AND seq = {seq} AND statement = 0"
    )
}

/// Drops a migration's statement rows, in a transaction of its own.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over.
pub async fn forget_now(session: &mut dyn Session, run: Ulid, seq: u32, epoch: i64) -> Result<(), EngineError> {
    let sql = format!("{} AND {}", forget(run, seq), lock::is_ours(epoch));
    lock::write_fenced(session, epoch, &sql, &[]).await
}

/// The statement that drops a migration's statement rows, for the transaction that records it.
#[must_use]
pub fn forget(run: Ulid, seq: u32) -> String {
    format!("DELETE FROM windlass_journal WHERE run_id = '{run}' AND seq = {seq} AND statement > 0")
}

/// A migration that was begun and is neither recorded nor undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The run that planned it.
    pub run: Ulid,
    /// Its place in that run.
    pub seq: u32,
    /// Up or down.
    pub direction: Direction,
    /// The migration's identity.
    pub name: String,
    /// The history number of its planned row.
    pub number: i64,
    /// The last statement that has a row.
    pub statement: u32,
    /// Whether that statement is known to be done.
    pub done: bool,
    /// Whether something was committed while it ran.
    pub ran: bool,
    /// Whether it is the migration's backfill, which is done as far as its own row says.
    pub is_backfill: bool,
    /// The SHA-256 of its text.
    pub sql_sha256: Option<String>,
    /// The scoped fingerprint before it.
    pub fingerprint_before: Option<String>,
    /// How it is being taken back, where that was begun.
    pub undoing: Option<Undoing>,
}

impl InFlight {
    /// What a reader is told of it.
    #[must_use]
    pub fn summary(&self) -> Unfinished {
        Unfinished {
            run_id: self.run.to_string(),
            migration: self.name.clone(),
            direction: self.direction,
            statements_done: match &self.undoing {
                Some(_) => 0,
                None => self.statement - u32::from(!self.done),
            },
            statement_in_doubt: (!self.done && !self.is_backfill && self.undoing.is_none()).then_some(self.statement),
            place: None,
            next_step: String::new(),
            waits_for_a_person: false,
            choices: Vec::new(),
            backfill: None,
            snapshot: None,
        }
    }
}

/// The migration in flight, if one was left. Our tables must be there.
///
/// # Errors
/// The server's.
pub async fn unfinished(session: &mut dyn Session) -> Result<Option<InFlight>, EngineError> {
    newest(session, NEWEST_IN_FLIGHT).await
}

/// How far the migration of `place` has come; `None` when none of its statements has a row.
///
/// # Errors
/// The server's.
pub async fn of_migration(session: &mut dyn Session, place: Place) -> Result<Option<InFlight>, EngineError> {
    let Place { run, seq, .. } = place;
    newest(session, &format!(newest!("statement > 0 AND run_id = '{run}' AND seq = {seq}"), run = run, seq = seq)).await
}

/// A query for the migration in flight, in the columns that [`in_flight`] reads.
pub(super) const NEWEST_IN_FLIGHT: &str = newest!("statement > 0");

async fn newest(session: &mut dyn Session, sql: &str) -> Result<Option<InFlight>, EngineError> {
    session.query(sql, &[]).await?.first().map_or(Ok(None), |row| in_flight(row, 0))
}

/// Takes an intent out that is known to have changed nothing.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over.
pub async fn withdraw(session: &mut dyn Session, place: Place, epoch: i64) -> Result<(), EngineError> {
    let Place { run, seq, statement } = place;
    let sql = format!(
        "DELETE FROM windlass_journal WHERE run_id = '{run}' AND seq = {seq} AND statement = {statement} AND {}",
        lock::is_ours(epoch)
    );
    lock::write_fenced(session, epoch, &sql, &[]).await
}

/// Gives a planned row the checksum of the text that finishes it.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over.
pub async fn renew(
    session: &mut dyn Session,
    run: Ulid,
    seq: u32,
    checksum: &Checksum,
    epoch: i64,
) -> Result<(), EngineError> {
    let sql = format!(
        "UPDATE windlass_journal SET checksum = ?, bytes_sha256 = ? WHERE run_id = '{run}' AND seq = {seq} AND statement = 0 \
         AND {}",
        lock::is_ours(epoch)
    );
    let binds = [checksum.to_string().into(), checksum.bytes.clone().into()];
    lock::write_fenced(session, epoch, &sql, &binds).await
}

/// The migration in flight whose columns begin at `from`; `None` where they are empty.
pub(super) fn in_flight(row: &Row, from: usize) -> Result<Option<InFlight>, EngineError> {
    let text = |column: usize| row.text(from + column);
    let Some(run) = text(0)? else { return Ok(None) };
    let shape = |column: usize, expected| {
        let column = from + column;
        EngineError::Shape { column, expected, found: format!("{:?}", row.0.get(column)) }
    };
    let small = |column: usize| -> Result<u32, EngineError> {
        row.int(from + column)?.and_then(|n| u32::try_from(n).ok()).ok_or_else(|| shape(column, "a small number"))
    };
    let state = text(6)?;
    let is_taken_back = state.is_some_and(|state| TAKING_BACK.contains(&state));
    Ok(Some(InFlight {
        run: run.parse().map_err(|_| shape(0, "a ULID"))?,
        seq: small(1)?,
        direction: if text(2)? == Some("down") { Direction::Down } else { Direction::Up },
        name: text(3)?.unwrap_or_default().to_owned(),
        number: row.int(from + 4)?.unwrap_or_default(),
        statement: small(5)?,
        done: state == Some("done"),
        ran: state == Some("running"),
        is_backfill: state == Some(BACKFILL),
        sql_sha256: text(7)?.map(str::to_owned),
        fingerprint_before: text(8)?.map(str::to_owned),
        undoing: text(9)?.filter(|_| is_taken_back).and_then(|json| Undoing::read(json, state == Some(STUCK))),
    }))
}

/// Lower-case hex SHA-256 of a statement's text.
#[must_use]
pub fn sha256(text: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
