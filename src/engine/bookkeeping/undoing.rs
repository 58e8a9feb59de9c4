//! How a migration that failed is taken back, kept in the journal before the first statement of it runs: whoever comes after
//! a crash in the middle goes on with that, and not with a migration of which less is there than the journal says.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{journal, lock};
use crate::engine::{EngineError, Session};

/// The number of its row: behind that of every statement.
const STATEMENT: u32 = 1_000_000;

/// How a migration is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoing {
    /// The statements that take it back, in order; to run one again changes nothing.
    pub statements: Vec<String>,
    /// Everything that the migration had named.
    pub named: Vec<String>,
    /// The fingerprint of all that before the migration.
    pub fingerprint: String,
    /// Whether that was tried to its end, and what is there is not what was before the migration.
    #[serde(skip)]
    pub is_stuck: bool,
}

impl Undoing {
    /// Reads what a row of the journal holds.
    #[must_use]
    pub fn read(json: &str, is_stuck: bool) -> Option<Self> {
        serde_json::from_str(json).ok().map(|undoing| Self { is_stuck, ..undoing })
    }
}

/// Writes down how a migration is about to be taken back. Fenced.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn begin(
    session: &mut dyn Session,
    run: Ulid,
    seq: u32,
    epoch: i64,
    undoing: &Undoing,
) -> Result<(), EngineError> {
    let json = serde_json::to_string(undoing).unwrap_or_default();
    let sql = format!(
        "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, description, epoch) \
         SELECT p.run_id, p.seq, {STATEMENT}, p.direction, 'undo', p.name, p.number, p.version, ?, l.epoch \
         FROM windlass_journal p, windlass_lock l WHERE p.run_id = '{run}' AND p.seq = {seq} AND p.statement = 0 \
         AND l.id = 1 AND l.epoch = {epoch}"
    );
    lock::write_fenced(session, epoch, &sql, &[json.into()]).await
}

/// Writes down that it was taken back as far as its statements go, and that this is not what was before it: only a person can
/// tell then what to do.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn is_stuck(session: &mut dyn Session, run: Ulid, seq: u32, epoch: i64) -> Result<(), EngineError> {
    let place = journal::Place { run, seq, statement: STATEMENT };
    lock::write_fenced(session, epoch, &journal::becomes(journal::STUCK, place, epoch), &[]).await
}

/// Takes that back where it came to nothing: everything is as it was before it began.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn give_up(session: &mut dyn Session, run: Ulid, seq: u32, epoch: i64) -> Result<(), EngineError> {
    journal::withdraw(session, journal::Place { run, seq, statement: STATEMENT }, epoch).await
}
