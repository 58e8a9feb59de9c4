//! Who is in the way of a session, and its heart.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    address::Address,
    connect::{self, Purpose},
    session::PgSession,
    tables::WORDS,
    within,
};
use crate::{
    engine::{Blocker, EngineError, Lookout, Row, Session, bookkeeping::lock},
    model::progress::Within,
};

/// So many are named.
const NAMED_MAX: u32 = 3;

/// A session beside the one that works.
pub(super) struct PgLookout(PgSession);

impl PgLookout {
    /// Opens it.
    ///
    /// # Errors
    /// As [`crate::engine::Engine::open_to_read`].
    pub(super) async fn open(address: &Address) -> Result<Self, EngineError> {
        Ok(Self(connect::open(address, Purpose::Beside).await?))
    }
}

#[async_trait]
impl Lookout for PgLookout {
    async fn beat(&mut self, epoch: i64, doing: &str) -> Result<(), EngineError> {
        lock::beat(&mut self.0, &WORDS, epoch, doing).await
    }

    /// PostgreSQL manual, "System Information Functions": `pg_blocking_pids` names whoever holds what is waited for, or
    /// stands before us in the queue; a prepared transaction is process 0. The words of others are only shown to members
    /// of `pg_read_all_stats`.
    async fn blockers(&mut self, connection_id: &str) -> Result<Vec<Blocker>, EngineError> {
        let pid: i32 = connection_id.parse().unwrap_or_default();
        let sql = format!(
            "SELECT p.pid, a.usename::text, CAST(EXTRACT(EPOCH FROM clock_timestamp() - \
             coalesce(a.xact_start, a.query_start, a.backend_start)) * 1000 AS BIGINT), a.state, a.query \
             FROM (SELECT DISTINCT unnest(pg_blocking_pids({pid})) AS pid) p \
             LEFT JOIN pg_stat_activity a ON a.pid = p.pid ORDER BY 3 DESC NULLS LAST LIMIT {NAMED_MAX}"
        );
        self.0.query(&sql, &[]).await?.iter().map(blocker).collect()
    }

    async fn within(&mut self, connection_id: &str) -> Result<Option<Within>, EngineError> {
        within::of(&mut self.0, connection_id).await
    }

    async fn close(self: Box<Self>) {
        Box::new(self.0).close().await;
    }
}

fn blocker(row: &Row) -> Result<Blocker, EngineError> {
    let text = |column| row.text(column).map(|text| text.map(str::to_owned));
    let session = match row.int(0)? {
        Some(0) | None => "a prepared transaction (pg_prepared_xacts)".to_owned(),
        Some(pid) => format!("session {pid}"),
    };
    let age = row.int(2)?.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    Ok(Blocker { session, user: text(1)?, age, state: text(3)?, query: text(4)?, is_guessed: false })
}
