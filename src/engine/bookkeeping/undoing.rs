//! The row of `windlass_journal` that says that what was done of a migration is being taken back: whoever is interrupted in
//! that leaves neither what was done nor what was before, and the next run has to know.

use serde::{Deserialize, Serialize};

use super::{
    journal::{Place, UNDOING},
    lock,
};
use crate::engine::{EngineError, Session};

/// What takes a migration back, and what is to be there afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoing {
    /// The statements; each may be run again.
    pub statements: Vec<String>,
    /// Everything the migration names.
    pub named: Vec<String>,
    /// The fingerprint of all that, before the migration.
    pub fingerprint: String,
}

/// Writes it down, behind the last statement that is done.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn begin(session: &mut dyn Session, place: Place, epoch: i64, undoing: &Undoing) -> Result<(), EngineError> {
    let Place { run, seq, statement } = place;
    let sql = format!(
        "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, epoch, description) \
         SELECT run_id, seq, {statement}, direction, '{UNDOING}', name, number, version, {epoch}, ? FROM windlass_journal \
         WHERE run_id = '{run}' AND seq = {seq} AND statement = 0 AND {}",
        lock::is_ours(epoch)
    );
    let json = serde_json::to_string(undoing).unwrap_or_default();
    lock::write_fenced(session, epoch, &sql, &[json.into()]).await
}

/// Reads it; `None` where it is not there or not readable.
///
/// # Errors
/// The server's.
pub async fn read(session: &mut dyn Session, place: Place) -> Result<Option<Undoing>, EngineError> {
    let Place { run, seq, statement } = place;
    let sql = format!(
        "SELECT description FROM windlass_journal WHERE run_id = '{run}' AND seq = {seq} AND statement = {statement} \
         AND state = '{UNDOING}'"
    );
    let rows = session.query(&sql, &[]).await?;
    let text = rows.first().map_or(Ok(None), |row| row.text(0))?;
    Ok(text.and_then(|json| serde_json::from_str(json).ok()))
}
