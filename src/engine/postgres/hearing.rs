//! A connection that hears at once when a run has changed what a look at the target tells (PostgreSQL manual, "LISTEN").
//!
//! The driver hands notifications on to nobody but its own listener, and that one takes its connection from a pool. The pool here
//! has this connection and never another: who has lost it is done with both.

use std::time::Duration;

use futures_util::FutureExt;
use sqlx::{
    Acquire, AssertSqlSafe, PgConnection, PgPool, Row,
    postgres::{PgListener, PgPoolOptions},
};

use tokio::time::timeout;

use super::{address::Address, refusal};
use crate::engine::EngineError;

/// What runs call. No secret is in it, and nothing is said but the name.
const CHANNEL: &str = "windlass";

/// How long the connection is waited for. The pool would try for as long as the server has no room, and a look does without.
const OPEN_MS_MAX: u64 = 1_000;

/// Behind a write of our own: calls whoever listens, once the transaction is committed, and never of one that is not.
pub(super) const CALLING: &str = " RETURNING pg_notify('windlass', '')";

/// The same as a statement of its own.
pub(super) const CALL: &str = "NOTIFY windlass";

/// A connection that listens.
pub(super) struct Hearing {
    /// The server's name for it.
    pub(super) pid: String,
    /// Nobody has waited yet: what was called before it listened was not heard.
    is_new: bool,
    listener: PgListener,
    pool: PgPool,
}

impl Hearing {
    /// Opens a connection, applies `settings`, and listens from then on; `None` where the server has no room, or is a standby,
    /// on which nobody can listen.
    pub(super) async fn open(address: &Address, settings: &str) -> Option<Self> {
        timeout(Duration::from_millis(OPEN_MS_MAX), Self::opened(address, settings)).await.ok()?.ok()
    }

    async fn opened(address: &Address, settings: &str) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_millis(OPEN_MS_MAX))
            .connect_lazy_with(address.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        sqlx::raw_sql(AssertSqlSafe(settings.to_owned())).execute(&mut listener).await?;
        let pid: i32 = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(&mut listener).await?.try_get(0)?;
        listener.listen(CHANNEL).await?;
        Ok(Self { pid: pid.to_string(), is_new: true, listener, pool })
    }

    /// The connection, to be asked by; `None` once it is gone.
    pub(super) fn line(&mut self) -> Option<&mut PgConnection> {
        // Ready at once while there is one. Otherwise another one would be opened, which is not waited for.
        Acquire::acquire(&mut self.listener).now_or_never()?.ok()
    }

    /// Waits until somebody calls, however many calls there were since the last time; nothing is lost when the wait is given up. The
    /// first time it does not wait, for somebody may have called before it listened (PostgreSQL manual, "LISTEN": Notes).
    ///
    /// # Errors
    /// [`EngineError::Lost`].
    pub(super) async fn heard(&mut self) -> Result<(), EngineError> {
        if std::mem::take(&mut self.is_new) {
            return Ok(());
        }
        if self.listener.next_buffered().is_none() {
            let call = self.listener.try_recv().await.map_err(|error| refusal::of(&error))?;
            call.ok_or_else(|| EngineError::Lost { reason: "the server has ended the session".to_owned() })?;
        }
        while self.listener.next_buffered().is_some() {}
        Ok(())
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        let Self { listener, pool, .. } = self;
        drop(listener);
        pool.close().await;
    }
}
