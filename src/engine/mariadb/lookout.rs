//! Who is in the way of a session, and its heart.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    address::Address,
    open::{self, Purpose},
    session::MariaSession,
    tables::WORDS,
    within,
};
use crate::{
    engine::{Blocker, EngineError, Lookout, Row, Session, Value, bookkeeping::lock},
    model::progress::Within,
};

/// What a session is at. An account sees its own without a privilege.
const STATE: &str = "SELECT COALESCE(state, '') FROM information_schema.processlist WHERE id = ?";

/// A thread, as a person knows it; before it comes which ones, as `b (thread, started)`.
const TOLD: &str = "SELECT CAST(b.thread AS CHAR), CONCAT(p.user, '@', p.host), \
    CAST(GREATEST(COALESCE(TIMESTAMPDIFF(SECOND, b.started, NOW()), p.time, 0), 0) AS SIGNED), \
    IF(p.command = 'Sleep', 'idle in transaction', CONCAT(p.command, IF(COALESCE(p.state, '') = '', '', ', '), COALESCE(p.state, ''))), p.info \
    FROM b LEFT JOIN information_schema.processlist p ON p.id = b.thread ORDER BY 3 DESC LIMIT 3";

/// Who holds the row that is waited for, on MariaDB.
const OF_A_ROW: &str = "WITH b AS (SELECT h.trx_mysql_thread_id AS thread, h.trx_started AS started \
    FROM information_schema.innodb_trx w \
    JOIN information_schema.innodb_lock_waits l ON l.requesting_trx_id = w.trx_id \
    JOIN information_schema.innodb_trx h ON h.trx_id = l.blocking_trx_id WHERE w.trx_mysql_thread_id = ?) ";

/// The same on MySQL, which has it elsewhere (MySQL manual, "Performance Schema Lock Tables").
const OF_A_ROW_MYSQL: &str = "WITH b AS (SELECT DISTINCT t.processlist_id AS thread, h.trx_started AS started \
    FROM performance_schema.data_lock_waits l \
    JOIN performance_schema.threads w ON w.thread_id = l.requesting_thread_id \
    JOIN performance_schema.threads t ON t.thread_id = l.blocking_thread_id \
    LEFT JOIN information_schema.innodb_trx h ON h.trx_mysql_thread_id = t.processlist_id WHERE w.processlist_id = ?) ";

/// Who holds the table that is waited for, where the server keeps count of it (`performance_schema`, off by default on
/// MariaDB).
const OF_A_TABLE: &str = "WITH b AS (SELECT DISTINCT t.processlist_id AS thread, x.trx_started AS started \
    FROM performance_schema.metadata_locks w \
    JOIN performance_schema.threads me ON me.thread_id = w.owner_thread_id \
    JOIN performance_schema.metadata_locks h ON h.object_type = w.object_type \
    AND h.object_schema <=> w.object_schema AND h.object_name <=> w.object_name \
    AND h.owner_thread_id <> w.owner_thread_id AND h.lock_status = 'GRANTED' \
    JOIN performance_schema.threads t ON t.thread_id = h.owner_thread_id \
    LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = t.processlist_id \
    WHERE w.lock_status = 'PENDING' AND me.processlist_id = ?) ";

/// Who may hold it where the server does not tell: whoever has a transaction open in this database, the oldest first.
const PERHAPS: &str = "WITH b AS (SELECT x.trx_mysql_thread_id AS thread, x.trx_started AS started \
    FROM information_schema.innodb_trx x JOIN information_schema.processlist q ON q.id = x.trx_mysql_thread_id \
    WHERE q.db = DATABASE() AND x.trx_mysql_thread_id <> ?) ";

/// A session beside the one that works.
pub(super) struct MariaLookout(MariaSession);

impl MariaLookout {
    /// Opens it.
    ///
    /// # Errors
    /// As [`crate::engine::Engine::open_to_read`].
    pub(super) async fn open(address: &Address) -> Result<Self, EngineError> {
        let mut session = open::open(address, Purpose::Beside).await?;
        session.set_limits(crate::engine::Limits { lock_timeout_ms: Some(1), statement_timeout_ms: None }).await?;
        Ok(Self(session))
    }

    async fn told(&mut self, which: &str, id: &Value, is_guessed: bool) -> Result<Vec<Blocker>, EngineError> {
        let rows = self.0.query(&format!("{which}{TOLD}"), std::slice::from_ref(id)).await?;
        rows.iter().map(|row| blocker(row, is_guessed)).collect()
    }
}

#[async_trait]
impl Lookout for MariaLookout {
    async fn beat(&mut self, epoch: i64, doing: &str) -> Result<(), EngineError> {
        lock::beat(&mut self.0, &WORDS, epoch, doing).await
    }

    /// Other accounts' sessions are shown to those with the privilege PROCESS only (MariaDB manual, "SHOW PROCESSLIST",
    /// "Information Schema `INNODB_TRX` Table").
    async fn blockers(&mut self, connection_id: &str) -> Result<Vec<Blocker>, EngineError> {
        let id = Value::from(connection_id);
        let rows = self.0.query(STATE, std::slice::from_ref(&id)).await?;
        let state = rows.first().map_or(Ok(None), |row| row.text(0))?.unwrap_or_default().to_owned();
        let of_a_row = if self.0.server().product == super::MYSQL { OF_A_ROW_MYSQL } else { OF_A_ROW };
        let asked: &[(&str, bool)] = if state.starts_with("Waiting for") && state.ends_with("lock") {
            &[(OF_A_TABLE, false), (PERHAPS, true)]
        } else {
            &[(of_a_row, false)]
        };
        for (which, is_guessed) in asked {
            match self.told(which, &id, *is_guessed).await {
                Ok(found) if found.is_empty() => {}
                Err(EngineError::Refused { .. }) => {}
                other => return other,
            }
        }
        let unknown = (asked.len() > 1).then(|| Blocker {
            session: "somebody this account may not see (grant it PROCESS)".to_owned(),
            state: Some(state),
            ..Blocker::default()
        });
        Ok(unknown.into_iter().collect())
    }

    async fn within(&mut self, connection_id: &str) -> Result<Option<Within>, EngineError> {
        within::of(&mut self.0, connection_id).await
    }

    async fn close(self: Box<Self>) {
        Box::new(self.0).close().await;
    }
}

fn blocker(row: &Row, is_guessed: bool) -> Result<Blocker, EngineError> {
    let text = |column| row.text(column).map(|text| text.map(str::to_owned));
    Ok(Blocker {
        session: format!("session {}", row.text(0)?.unwrap_or("?")),
        user: text(1)?,
        age: row.int(2)?.and_then(|s| u64::try_from(s).ok()).map(Duration::from_secs),
        state: text(3)?,
        query: text(4)?,
        is_guessed,
    })
}
