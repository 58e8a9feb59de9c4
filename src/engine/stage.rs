//! Databases beside the target that are made for one job, written to, and removed.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use super::{DumpSink, DumpSource, Engine, EngineError, Server, Session};

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

    /// Which making of each of these tables this is, as the server numbers it; `None` where it does not tell.
    ///
    /// # Errors
    /// The server's.
    async fn makings(&self, session: &mut dyn Session, tables: &[String]) -> Result<Option<Vec<String>>, EngineError> {
        let mut makings = Vec::new();
        for table in tables {
            match session.generation(std::slice::from_ref(table)).await? {
                Some(making) if !making.is_empty() => makings.push(making),
                _ => return Ok(None),
            }
        }
        Ok(Some(makings))
    }

    /// How the locks of a session are known; `None` where the server does not tell.
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

/// How the locks of a session are known.
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    /// It is asked behind each statement of a transaction.
    Asked(Questions),
    /// Each transaction keeps one lock of the whole database, from its beginning to its end; this is what it is called.
    OfTheWhole(&'static str),
    /// A statement by itself is tried under one lock after the other.
    Tried(Tries),
}

/// How a session is asked which locks it holds, from within its transaction.
#[derive(Debug, Clone, Copy)]
pub struct Questions {
    /// A statement that makes a place for notes in the session, unless there is one.
    pub begin: &'static str,
    /// A statement that notes which locks the session holds now; nothing of the database is changed by it.
    pub look: &'static str,
    /// A query for what was noted: a row for each lock, with its mode, the full name of what is locked, and the milliseconds
    /// from the look before the one that found it to the last.
    pub read: &'static str,
    /// A statement after which nothing is noted.
    pub forget: &'static str,
}

/// How it is found out under which lock a statement changes a table.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// How a statement that runs by itself is tried; `None` where nobody knows what it locks.
    pub of: fn(&str) -> Option<Trial>,
    /// The tables whose rows are changed by the statements of a transaction; `None` where their words do not tell.
    pub written: fn(&[&str]) -> Option<Vec<String>>,
    /// The server's codes for a lock that will not do.
    pub too_weak: &'static [&'static str],
    /// A query with a table's name: how many of that name lock single rows.
    pub by_row: &'static str,
    /// What a table is under until the end of the transaction in which its rows are changed.
    pub rows: &'static str,
}

/// How a statement is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// The tables that it locks.
    pub tables: Vec<String>,
    /// The statement under other locks, each with the name of its lock, in the order in which the server would take them.
    pub weaker: Vec<(String, &'static str)>,
    /// The lock as it is written.
    pub mode: &'static str,
    /// What tables are called behind it, and were called before.
    pub renames: Vec<(String, String)>,
}
