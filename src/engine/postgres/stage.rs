//! A database of its own for one job, held by a lock on its name.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use sqlx::PgConnection;

use super::{
    Postgres,
    beside::{self, SCRATCH},
    connect::{self, Purpose},
    copy, dump, swap, tool,
};
use crate::engine::{DumpSink, DumpSource, Engine, EngineError, Probe, Scratch, Server, Session, Stage};

/// The locks of tables, indexes and the like that a session holds (PostgreSQL manual, `pg_locks`), kept in a setting of the
/// session's own, which any account may set and which goes back with the transaction. ACCESS SHARE, which every reader
/// takes, and the server's own catalogs are left out.
const PROBE: Probe = Probe {
    look: r"SELECT set_config('windlass.locks', w.noted || coalesce(w.fresh, '') || E'\n@'
                || CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), false) IS NULL
            FROM (SELECT b.noted, (
                SELECT string_agg(DISTINCT E'\n+' || l.mode || ' ' || n.nspname || '.' || c.relname, '')
                FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock'
                  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                  AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
                  AND position(E'\n+' || l.mode || ' ' || n.nspname || '.' || c.relname || E'\n' IN b.noted || E'\n') = 0
                ) AS fresh
                FROM (SELECT coalesce(current_setting('windlass.locks', true), '') AS noted) b) w",
    read: "SELECT coalesce(current_setting('windlass.locks', true), '')",
    forget: "SELECT CAST(set_config('windlass.locks', '', false) IS NULL AS text)",
};

/// A database that is made for one job.
struct PgScratch {
    /// The database.
    engine: Arc<Postgres>,
    /// It holds the name.
    maintenance: PgConnection,
}

#[async_trait]
impl Stage for Postgres {
    async fn set(&self, _: &Path) -> Result<Box<dyn Scratch>, EngineError> {
        // It finds out whether sessions are shared behind our back, which would leave locks with somebody else.
        Box::new(connect::open(&self.address, Purpose::Look).await?).close().await;
        let mut maintenance = swap::maintenance(&self.address).await?;
        let live = self.address.database.as_str();
        beside::sweep(&mut maintenance, live).await?;
        let name = beside::name(live, SCRATCH, &beside::id());
        beside::claim(&mut maintenance, &name).await?;
        if let Err(error) = copy::create(&mut maintenance, live, &name).await {
            beside::tidy(&self.address, maintenance, &name).await;
            return Err(error);
        }
        let engine = Arc::new(Self { address: self.address.within(&name), like: Some(live.to_owned()) });
        Ok(Box::new(PgScratch { engine, maintenance }))
    }

    async fn fill(&self, folder: &Path, source: DumpSource, from: &Server) -> Result<(), EngineError> {
        let dumped_by = tool::find("pg_dump", from.number.0).await?.version;
        let mut session = connect::open(&self.address, Purpose::Work).await?;
        let filled = async {
            let told = session.query("SELECT current_setting('is_superuser')", &[]).await?;
            let is_superuser = told.first().is_some_and(|row| row.text(0).is_ok_and(|word| word == Some("on")));
            let major = session.server().number.0;
            copy::fill(&self.address, folder, source, &dumped_by, is_superuser, major).await?;
            // A dump does not hold what the planner goes by.
            session.execute("ANALYZE").await.map_err(|failed| failed.error).map(drop)
        };
        let filled = filled.await;
        Box::new(session).close().await;
        filled
    }

    async fn dump_schema(&self, folder: &Path, sink: DumpSink) -> Result<(), EngineError> {
        let session = connect::open(&self.address, Purpose::Look).await?;
        let major = session.server().number.0;
        Box::new(session).close().await;
        dump::dump(&tool::find("pg_dump", major).await?, &self.address, folder, "--schema-only", sink).await
    }

    fn probe(&self) -> Option<Probe> {
        Some(PROBE)
    }
}

#[async_trait]
impl Scratch for PgScratch {
    fn engine(&self) -> Arc<dyn Engine> {
        self.engine.clone()
    }

    async fn remove(self: Box<Self>) -> Result<(), EngineError> {
        let Self { engine, mut maintenance } = *self;
        let dropped = swap::drop_database(&mut maintenance, &engine.address.database).await;
        // Says goodbye, and tries once more over another connection where this one was lost.
        beside::tidy(&engine.address, maintenance, &engine.address.database).await;
        match dropped {
            Err(error @ EngineError::Refused { .. }) => Err(error),
            _ => Ok(()),
        }
    }
}
