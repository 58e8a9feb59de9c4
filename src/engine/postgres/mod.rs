//! PostgreSQL, 13 and later.
//!
//! Schema changes are transactional here, so that a migration is one message and one transaction ([`transact`]). Each
//! session is one raw connection ([`connect`], [`session`]) that also holds the target's lock ([`lock`]). The schema is
//! read from the catalogs ([`introspect`]); the database is copied out and in by PostgreSQL's own programs ([`dump`],
//! [`restore`]).

mod address;
mod beside;
mod bind;
mod connect;
mod content;
mod copy;
mod copy_text;
mod custom;
mod dump;
mod hearing;
mod introspect;
mod leftovers;
mod lock;
mod lookout;
mod pooler;
mod reading;
mod refusal;
mod remains;
mod restore;
mod room;
mod rows;
mod session;
mod stage;
mod swap;
mod tables;
mod text;
mod tool;
mod transact;
mod watch;
mod within;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use self::{address::Address, connect::Purpose};
use super::{DdlScope, DumpSink, DumpSource, Dumped, Engine, EngineError, Lookout, RestoreError, Room, Session, Words};
use crate::{model::snapshot::Manifest, sql::Dialect};

/// The engine for a URL `postgres://…` or `postgresql://…`.
///
/// # Errors
/// [`EngineError::Address`].
pub(super) fn at(url: &str) -> Result<Arc<dyn Engine>, EngineError> {
    Ok(Arc::new(Postgres { address: Address::read(url)?, like: None }))
}

/// PostgreSQL, pointed at one database.
struct Postgres {
    address: Address,
    /// The database that this one is beside of.
    like: Option<String>,
}

#[async_trait]
impl Engine for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn ddl_scope(&self) -> DdlScope {
        DdlScope::Transaction
    }

    fn words(&self) -> &'static Words {
        &tables::WORDS
    }

    fn address(&self) -> &str {
        &self.address.shown
    }

    async fn open(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(connect::open(&self.address, Purpose::Work).await?))
    }

    async fn open_to_read(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(connect::open(&self.address, Purpose::Look).await?))
    }

    async fn lookout(&self) -> Result<Box<dyn Lookout>, EngineError> {
        Ok(Box::new(lookout::PgLookout::open(&self.address).await?))
    }

    /// What goes on concurrently, and a plain VACUUM, waits for SHARE UPDATE EXCLUSIVE at most, which keeps neither readers
    /// nor writers waiting (PostgreSQL manual, "Explicit Locking").
    fn lets_others_pass(&self, statement: &str) -> bool {
        let words: Vec<String> = statement.split_whitespace().map(str::to_ascii_uppercase).collect();
        let is_vacuum = words.first().is_some_and(|word| word.starts_with("VACUUM"));
        words.iter().any(|word| word == "CONCURRENTLY") || is_vacuum && !words.iter().any(|word| word.contains("FULL"))
    }

    async fn remains(&self, session: &mut dyn Session, statement: &str) -> Result<Vec<String>, EngineError> {
        remains::of(session, statement).await
    }

    /// `duplicate_database`, `invalid_catalog_name`, `duplicate_object`, `undefined_object` (PostgreSQL manual, "Error Codes").
    fn is_so_already(&self, code: &str) -> bool {
        ["42P04", "3D000", "42710", "42704"].contains(&code)
    }

    async fn cancel(&self, connection_id: &str) -> Result<(), EngineError> {
        let mut session = self.open_to_read().await?;
        let pid: i64 = connection_id.parse().unwrap_or_default();
        // PostgreSQL manual, "Server Signaling Functions": a no-op for a process that is at nothing, or is gone.
        let asked = session.query("SELECT pg_cancel_backend(CAST(? AS int4))", &[pid.into()]).await;
        session.close().await;
        asked.map(drop)
    }

    async fn dump(&self, scratch: &Path, sink: DumpSink, export: Option<DumpSink>) -> Result<Dumped, EngineError> {
        dump::send(&self.address, scratch, sink, export).await
    }

    async fn restore(
        &self,
        session: Box<dyn Session>,
        scratch: &Path,
        source: DumpSource,
        manifest: &Manifest,
        epoch: Option<i64>,
    ) -> Result<Box<dyn Session>, RestoreError> {
        restore::run(&self.address, session, scratch, source, manifest, epoch).await
    }

    async fn finish_restore(&self, session: &mut dyn Session, _: i64) -> Result<Option<String>, EngineError> {
        leftovers::drop_all(&self.address, session).await.map(|()| None)
    }

    async fn trial(&self, scratch: &Path, source: DumpSource, manifest: &Manifest) -> Result<(), EngineError> {
        beside::trial(&self.address, scratch, source, manifest).await
    }

    async fn sweep(&self) -> Result<Vec<String>, EngineError> {
        beside::swept(&self.address).await
    }

    fn beside(&self, name: &str) -> Result<Arc<dyn Engine>, EngineError> {
        // The server would cut a longer one without a word (PostgreSQL manual, "Lexical Structure").
        if name.is_empty() || name.len() > beside::NAME_BYTES_MAX || name.contains('\0') {
            let reason = format!("{name:?} is no name of a database: 1 to {} bytes, no NUL", beside::NAME_BYTES_MAX);
            return Err(EngineError::Address { reason });
        }
        let like = Some(self.address.database.clone());
        Ok(Arc::new(Self { address: self.address.within(name), like }))
    }

    async fn create(&self) -> Result<bool, EngineError> {
        beside::create(&self.address, self.like.as_deref()).await
    }

    async fn room(&self) -> Result<Room, EngineError> {
        room::of(&self.address).await
    }

    fn dump_ending(&self) -> &'static str {
        "dump"
    }

    fn open_by_hand(&self) -> &'static str {
        "createdb restored && {open} | pg_restore --no-owner -d restored"
    }
}
