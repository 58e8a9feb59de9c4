//! A database of its own for one job, held by a lock on its name.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use sqlx::PgConnection;

use super::{
    Postgres,
    beside::{self, SCRATCH},
    connect::{self, Purpose},
    copy, dump, swap, tool,
};
use crate::engine::{
    DumpSink, DumpSource, Engine, EngineError, Probe, Questions, Scratch, Server, Session, Stage, pipe::Out,
};

/// The locks of tables, indexes and the like that a session holds (PostgreSQL manual, `pg_locks`), kept in a temporary table
/// of its own: a setting would go with the RESET ALL behind a script. ACCESS SHARE, which every reader takes, and the
/// server's own catalogs are left out. A row without a mode is the time of a look.
const QUESTIONS: Questions = Questions {
    begin: "SET client_min_messages = warning; \
            CREATE TEMPORARY TABLE IF NOT EXISTS windlass_locks (mode text, object text, ms bigint); \
            GRANT ALL ON pg_temp.windlass_locks TO PUBLIC; RESET client_min_messages",
    look: r"INSERT INTO pg_temp.windlass_locks (mode, object, ms)
            SELECT DISTINCT l.mode, n.nspname || '.' || c.relname,
                   (SELECT max(w.ms) FROM pg_temp.windlass_locks w WHERE w.mode IS NULL)
            FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock'
              AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
              AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
              AND NOT EXISTS (SELECT 1 FROM pg_temp.windlass_locks w
                              WHERE w.mode = l.mode AND w.object = n.nspname || '.' || c.relname)
            UNION ALL SELECT NULL, NULL, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    read: "SELECT w.mode, w.object, (SELECT max(e.ms) FROM pg_temp.windlass_locks e WHERE e.mode IS NULL) - w.ms \
           FROM pg_temp.windlass_locks w WHERE w.mode IS NOT NULL AND w.ms IS NOT NULL",
    forget: "DELETE FROM pg_temp.windlass_locks",
};

/// The file of every table: a new one was written anew (PostgreSQL manual, "`pg_class`", column `relfilenode`).
const FILES: &str = r"SELECT n.nspname || '.' || c.relname, CAST(c.relfilenode AS text)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\_%' ORDER BY n.nspname = current_schema(), 1";

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
        let out = Out { sink, pieces: None };
        dump::dump(&tool::find("pg_dump", major).await?, &self.address, folder, "--schema-only", out).await
    }

    async fn makings(&self, session: &mut dyn Session, tables: &[String]) -> Result<Option<Vec<String>>, EngineError> {
        let mut files = BTreeMap::new();
        for row in session.query(FILES, &[]).await? {
            let (full, file) = (row.text(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default());
            let (_, name) = full.split_once('.').unwrap_or(("", full));
            // In this order the schema that a bare name means comes last.
            for name in [full, name] {
                files.insert(name.to_owned(), file.to_owned());
            }
        }
        Ok(Some(tables.iter().map(|table| files.get(table).cloned().unwrap_or_default()).collect()))
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Asked(QUESTIONS))
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
