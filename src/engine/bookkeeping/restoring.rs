//! A restore whose swap takes several steps is written down before the first of them, in a row of the lock's own table,
//! which never moves: whoever takes the lock after a crash brings it to its end.

use serde::{Deserialize, Serialize};

use super::{lock, tables::LAYOUT};
use crate::{
    engine::{EngineError, Row, Session},
    model::{
        history::{Choice, Unfinished},
        migration::Direction,
    },
};

/// How far a restore has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The copy is being filled; nothing of the database has changed.
    Loading,
    /// The database is being changed; what was before and what comes is kept beside it.
    Swapping,
    /// The database is as it shall be; only what is beside it is to be removed.
    Done,
}

/// What is written down of a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// The snapshot.
    pub snapshot: String,
    /// How far it has come.
    pub phase: Phase,
    /// The database that the snapshot is loaded into.
    pub copy: String,
    /// The database that keeps what was before.
    pub kept: String,
    /// The fingerprint of the schema that comes.
    pub fingerprint: String,
}

impl Restoring {
    /// The same restore, further on.
    #[must_use]
    pub fn at(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }

    /// What a reader is told of it; `None` where the database is whole.
    #[must_use]
    pub fn summary(&self) -> Option<Unfinished> {
        if self.phase != Phase::Swapping {
            return None;
        }
        let way = Choice {
            command: "windlass up".to_owned(),
            effect: "brings the restore to its end, then the database to the required version".to_owned(),
        };
        Some(Unfinished {
            run_id: String::new(),
            migration: format!("the restore of snapshot {}", self.snapshot),
            direction: Direction::Down,
            statements_done: 0,
            statement_in_doubt: None,
            place: None,
            next_step: "windlass up goes on".to_owned(),
            waits_for_a_person: false,
            choices: vec![way],
            backfill: None,
            snapshot: Some(self.snapshot.clone()),
        })
    }
}

/// Writes down how far a restore has come. Fenced.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn write(session: &mut dyn Session, epoch: i64, restoring: &Restoring) -> Result<(), EngineError> {
    let json = [serde_json::to_string(restoring).unwrap_or_default().into()];
    let sql = format!("UPDATE windlass_lock SET epoch = {epoch}, holder = ? WHERE id = 3 AND {}", is_ours(epoch));
    if session.write(&sql, &json).await? > 0 {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO windlass_lock (id, layout, epoch, holder) SELECT 3, {LAYOUT}, l.epoch, ? FROM windlass_lock l \
         WHERE l.id = 1 AND l.epoch = {epoch} AND NOT EXISTS (SELECT 1 FROM windlass_lock o WHERE o.id = 3)"
    );
    lock::write_fenced(session, epoch, &sql, &json).await
}

/// What is written down; `None` when no restore was begun or all of it was put away. Our tables must be there.
///
/// # Errors
/// The server's; [`EngineError::Shape`] for a row that no windlass known here has written.
pub async fn read(session: &mut dyn Session) -> Result<Option<Restoring>, EngineError> {
    match session.query("SELECT holder FROM windlass_lock WHERE id = 3", &[]).await?.first() {
        Some(row) => of(row, 0),
        None => Ok(None),
    }
}

/// The same from a column of a row; `None` where it is empty.
pub(super) fn of(row: &Row, column: usize) -> Result<Option<Restoring>, EngineError> {
    let Some(json) = row.text(column)? else { return Ok(None) };
    let shape = |_| EngineError::Shape { column, expected: "what is known of a restore", found: json.to_owned() };
    serde_json::from_str(json).map(Some).map_err(shape)
}

/// Takes it out: nothing is left of the restore. Fenced.
///
/// # Errors
/// [`EngineError::Fenced`] when another run has taken over; the server's.
pub async fn forget(session: &mut dyn Session, epoch: i64) -> Result<(), EngineError> {
    lock::write_fenced(session, epoch, &format!("DELETE FROM windlass_lock WHERE id = 3 AND {}", is_ours(epoch)), &[])
        .await
}

/// A condition on the row that stands in the table that is written: it is read behind a table of its own, which LIMIT keeps
/// the server from taking apart again (MySQL manual, "UPDATE Statement").
fn is_ours(epoch: i64) -> String {
    format!(
        "EXISTS (SELECT 1 FROM (SELECT epoch FROM windlass_lock WHERE id = 1 LIMIT 1) AS l WHERE l.epoch = {epoch})"
    )
}
