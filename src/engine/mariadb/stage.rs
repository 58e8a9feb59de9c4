//! A database of its own for one job, held by a lock on its name.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use super::{
    MariaDb,
    beside::{self, SCRATCH},
    dump,
    locking::TRIES,
    open::{self, Purpose},
    restore,
    session::MariaSession,
};
use crate::engine::{DumpSink, DumpSource, Engine, EngineError, Probe, Scratch, Server, Session, Stage};

/// A database that is made for one job.
struct MariaScratch {
    /// The database.
    engine: Arc<MariaDb>,
    /// It holds the name.
    session: MariaSession,
}

#[async_trait]
impl Stage for MariaDb {
    async fn set(&self, _: &Path) -> Result<Box<dyn Scratch>, EngineError> {
        // It may say nothing for as long as the job lasts.
        let mut session = open::open(&self.address, Purpose::Beside).await?;
        let live = self.address.database.as_str();
        let made = async {
            beside::sweep(&mut session, live).await?;
            let name = beside::name(live, SCRATCH, &beside::id());
            beside::must_be_free(&mut session, &name).await?;
            beside::create_like(&mut session, live, &name).await?;
            Ok(name)
        };
        match made.await {
            Ok(name) => {
                let engine = Arc::new(Self { address: self.address.with_database(&name), like: live.to_owned() });
                Ok(Box::new(MariaScratch { engine, session }))
            }
            Err(error) => {
                Box::new(session).close().await;
                Err(error)
            }
        }
    }

    async fn fill(&self, folder: &Path, source: DumpSource, _: &Server) -> Result<(), EngineError> {
        let session = open::open(&self.address, Purpose::Write).await?;
        let product = session.server().product;
        Box::new(session).close().await;
        restore::load(&self.address, product, folder, source).await
    }

    async fn dump_schema(&self, folder: &Path, sink: DumpSink) -> Result<(), EngineError> {
        dump::schema(&self.address, folder, sink).await
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Tried(TRIES))
    }
}

#[async_trait]
impl Scratch for MariaScratch {
    fn engine(&self) -> Arc<dyn Engine> {
        self.engine.clone()
    }

    async fn remove(self: Box<Self>) -> Result<(), EngineError> {
        let Self { engine, mut session } = *self;
        let name = &engine.address.database;
        let removed = match beside::remove(&mut session, name).await {
            Err(EngineError::Lost { .. } | EngineError::TimedOut(_)) => again(&engine, name).await,
            removed => removed,
        };
        Box::new(session).close().await;
        removed
    }
}

/// Over another session, after the one that held the name was lost.
async fn again(engine: &MariaDb, name: &str) -> Result<(), EngineError> {
    let mut session = open::open(&engine.address.with_database(&engine.like), Purpose::Beside).await?;
    let removed = beside::remove(&mut session, name).await;
    Box::new(session).close().await;
    removed
}
