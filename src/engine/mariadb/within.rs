//! How far a session is within its statement.

use super::session::MariaSession;
use crate::{
    engine::{EngineError, Row, Session, Value},
    model::progress::Within,
};

/// What the session is at, the stage, how many there are, how much of it is done in percent, and the rows that its
/// transaction has changed (MariaDB manual, "Progress Reporting" and "Information Schema PROCESSLIST Table").
const MARIADB: &str = "SELECT p.state, CAST(p.stage AS SIGNED), CAST(p.max_stage AS SIGNED), \
    CAST(p.progress * 10 AS SIGNED), CAST(x.trx_rows_modified AS SIGNED) FROM information_schema.processlist p \
    LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id WHERE p.id = ? AND p.command <> 'Sleep'";

/// The same on MySQL: its stages are counted where they are instrumented, which those of ALTER TABLE are from the start
/// (MySQL manual, "Monitoring ALTER TABLE Progress for `InnoDB` Tables Using Performance Schema").
const MYSQL: &str = "SELECT COALESCE(s.event_name, p.state), 1, 1, \
    CAST(s.work_completed * 1000 / NULLIF(s.work_estimated, 0) AS SIGNED), CAST(x.trx_rows_modified AS SIGNED) \
    FROM information_schema.processlist p LEFT JOIN performance_schema.threads t ON t.processlist_id = p.id \
    LEFT JOIN performance_schema.events_stages_current s ON s.thread_id = t.thread_id \
    LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id WHERE p.id = ? AND p.command <> 'Sleep'";

/// How far the session with this thread id is. The rows need the privilege PROCESS; without it nothing is told.
pub(super) async fn of(session: &mut MariaSession, connection_id: &str) -> Result<Option<Within>, EngineError> {
    let sql = if session.server().product == super::MYSQL { MYSQL } else { MARIADB };
    match session.query(sql, &[Value::from(connection_id)]).await {
        Ok(rows) => rows.first().map_or(Ok(None), read),
        Err(EngineError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(row: &Row) -> Result<Option<Within>, EngineError> {
    let Some(state) = row.text(0)?.filter(|state| !state.is_empty()) else { return Ok(None) };
    let (number, last) = (row.int(1)?.unwrap_or(0), row.int(2)?.unwrap_or(0));
    let phase = if last > 1 { format!("{state} (stage {number} of {last})") } else { state.to_owned() };
    let total = if last > 0 { 1000 } else { 0 };
    let rows_done = row.int(4)?.and_then(|rows| u64::try_from(rows).ok()).filter(|rows| *rows > 0);
    Ok(Some(Within { rows_done, ..Within::at(phase, row.int(3)?.unwrap_or(0), total) }))
}
