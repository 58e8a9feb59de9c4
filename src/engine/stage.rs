//! Databases beside the target that are made for one job, written to, and removed.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use super::{DumpSink, DumpSource, Engine, EngineError, Server};

/// What an engine does for a job that needs a database to try things in.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Makes an empty database beside this one, like it, under a name that is held for as long as what is given lives. What
    /// an earlier one left when its process was killed is removed first. `folder` is a private folder, for an engine whose
    /// databases are files. This database is not touched.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when this account may not; as [`Engine::open`].
    async fn set(&self, folder: &Path) -> Result<Box<dyn Scratch>, EngineError>;

    /// Loads a native dump of a database of the server `from` into this one, which is empty.
    ///
    /// # Errors
    /// When the tool is missing or fails; its own words are in the error.
    async fn fill(&self, folder: &Path, source: DumpSource, from: &Server) -> Result<(), EngineError>;

    /// Sends a native dump of the schema without a row into `sink`.
    ///
    /// # Errors
    /// As [`Engine::dump`].
    async fn dump_schema(&self, folder: &Path, sink: DumpSink) -> Result<(), EngineError>;

    /// How a session is asked which locks it holds; `None` where the server does not tell.
    fn probe(&self) -> Option<Probe> {
        None
    }
}

/// A database that is made for one job. One that is dropped without [`Scratch::remove`] stays until the next one is made.
#[async_trait]
pub trait Scratch: Send {
    /// The database as a target of its own.
    fn engine(&self) -> Arc<dyn Engine>;

    /// Removes it, whoever is in it.
    ///
    /// # Errors
    /// The server's; the next [`Stage::set`] removes it then.
    async fn remove(self: Box<Self>) -> Result<(), EngineError>;
}

/// How a session is asked which locks it holds, from within its transaction.
///
/// What is noted is a text: a line `+<mode> <schema>.<name>` for each lock that was not noted before, and behind those of one
/// look a line `@<milliseconds>` by the server's clock.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// A statement that notes which locks the session holds now; it changes no row.
    pub look: &'static str,
    /// A query for what was noted: one row, one text.
    pub read: &'static str,
    /// A query after which nothing is noted.
    pub forget: &'static str,
}
