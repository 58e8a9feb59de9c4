//! How far a session is within its statement: PostgreSQL's progress views.

use super::session::PgSession;
use crate::{
    engine::{EngineError, Row, Session},
    model::progress::Within,
};

/// The views of every version that is supported (PostgreSQL manual, "Progress Reporting"), as: what it is at, done, total. A
/// phase counts blocks or tuples or, while it waits for others, the transactions it waits for.
const VIEWS: &str = "\
SELECT pid, phase, CASE WHEN blocks_total > 0 THEN blocks_done WHEN tuples_total > 0 THEN tuples_done ELSE lockers_done END \
    AS done, CASE WHEN blocks_total > 0 THEN blocks_total WHEN tuples_total > 0 THEN tuples_total ELSE lockers_total END \
    AS total FROM pg_stat_progress_create_index \
UNION ALL SELECT pid, lower(command) || ': ' || phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_cluster \
UNION ALL SELECT pid, 'vacuum: ' || phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum \
UNION ALL SELECT pid, 'analyze: ' || phase, sample_blks_scanned, sample_blks_total FROM pg_stat_progress_analyze";

/// How far the session with this process id is.
pub(super) async fn of(session: &mut PgSession, connection_id: &str) -> Result<Option<Within>, EngineError> {
    let pid: i32 = connection_id.parse().unwrap_or_default();
    let sql = format!("SELECT phase, done, total FROM ({VIEWS}) AS v WHERE pid = {pid} LIMIT 1");
    session.query(&sql, &[]).await?.first().map(read).transpose()
}

fn read(row: &Row) -> Result<Within, EngineError> {
    Ok(Within::at(row.text(0)?.unwrap_or_default(), row.int(1)?.unwrap_or(0), row.int(2)?.unwrap_or(0)))
}
