//! The target. This room alone knows its SQL; above it nobody asks which engine serves, only for its [`DdlScope`].
//!
//! An engine is reduced to what truly differs: how to open a session, run text, lock, look at the schema, and copy the database
//! out and in. What is the same everywhere (our own tables, the two routes) is written once, in [`bookkeeping`] and above.

pub mod bookkeeping;
mod choice;
mod content;
mod dumped;
mod error;
pub mod former;
mod lookout;
pub mod loss;
mod mariadb;
mod owner;
mod pipe;
mod postgres;
pub mod ranges;
mod recorder;
mod room;
mod sqlite;
mod stage;
pub mod trust;
mod value;
mod watched;
mod words;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;

pub use self::{
    choice::at,
    dumped::{DumpSink, DumpSource, Dumped, Room},
    error::{EngineError, RestoreError, StatementError},
    lookout::{Blocker, Lookout, awake},
    owner::{Beat, Owner},
    recorder::{Recorder, Recording},
    stage::{Probe, Questions, Scratch, Stage, Trial, Tries},
    value::{Row, Value},
    watched::{Locks, Watched},
    words::Words,
};
pub use crate::model::{migration::DdlScope, server::Server};
use crate::{
    model::{
        schema::Schema,
        snapshot::{Manifest, TableDigest},
    },
    sql::Dialect,
};

/// Limits that the server keeps for a session. `None` leaves the server's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a statement may wait for a lock.
    pub lock_timeout_ms: Option<u64>,
    /// How long a statement may take.
    pub statement_timeout_ms: Option<u64>,
}

/// An engine, pointed at one target.
#[async_trait]
pub trait Engine: Stage {
    /// How its SQL is read.
    fn dialect(&self) -> Dialect;

    /// What a transaction can hold.
    fn ddl_scope(&self) -> DdlScope;

    /// Where it differs in SQL for our own tables.
    fn words(&self) -> &'static Words;

    /// Where the target is, without a secret: `postgres://app@db.internal:5432/app`.
    fn address(&self) -> &str;

    /// Opens a session of its own: one raw connection, never from a pool, that never reconnects.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] within `CONNECT_MS_MAX`; [`EngineError::Unsupported`] for a server that is too old.
    async fn open(&self) -> Result<Box<dyn Session>, EngineError>;

    /// Opens a session for looking only; it never creates the database, and its writes are refused where the engine can.
    ///
    /// # Errors
    /// As [`Engine::open`].
    async fn open_to_read(&self) -> Result<Box<dyn Session>, EngineError>;

    /// Opens a second way to the target, beside a session that works.
    ///
    /// # Errors
    /// As [`Engine::open`].
    async fn lookout(&self) -> Result<Box<dyn Lookout>, EngineError>;

    /// Whether others get past a statement that waits for a lock, so that it may wait for long.
    fn lets_others_pass(&self, _statement: &str) -> bool {
        false
    }

    /// The statements that lead from the schema `now` back to `before`, where that only means taking out what was added;
    /// `None` when it means more, and on an engine whose schema changes roll back by themselves.
    fn undoing(&self, _before: &Schema, _now: &Schema) -> Option<Vec<String>> {
        None
    }

    /// The statements that take out, or finish, what an interrupted statement left of itself; none on an engine whose
    /// statements leave nothing. Only looks.
    ///
    /// # Errors
    /// The server's.
    async fn remains(&self, _session: &mut dyn Session, _statement: &str) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }

    /// Whether a refusal of this code says that what a statement asks for is so already.
    fn is_so_already(&self, _code: &str) -> bool {
        false
    }

    /// Stops the statement that the session called `connection_id` is at; that session then gets [`EngineError::Refused`].
    /// Nothing happens when it is at none.
    ///
    /// # Errors
    /// As [`Engine::open`]; the server's.
    async fn cancel(&self, connection_id: &str) -> Result<(), EngineError>;

    /// Sends a native dump of the whole database, taken at one moment, into `sink`, and tells what that moment holds. Into
    /// `export`, if there is one, goes the same moment as JSON lines that every program reads (`docs/EXPORT.md`). `scratch`
    /// is a private folder for an engine that needs a file in between.
    ///
    /// # Errors
    /// When the tool is missing or fails; its own words are in the error, and what was sent is worthless.
    async fn dump(&self, scratch: &Path, sink: DumpSink, export: Option<DumpSink>) -> Result<Dumped, EngineError>;

    /// Puts a native dump in the place of the database: loads it beside, compares it with the manifest, then swaps.
    /// `session` holds the lock; it is given back, or a new one that holds it. With an `epoch`, which is that of the run, the
    /// database is changed only while it is the run's own, and never has a lower one afterwards.
    ///
    /// # Errors
    /// When it cannot be loaded or differs; [`EngineError::Fenced`] when another run has taken over. The database is then as
    /// it was, and the session comes back with the error, unless it is gone. Where the swap takes several steps and cannot be
    /// taken back, what is written down says so, and [`Engine::finish_restore`] goes on.
    async fn restore(
        &self,
        session: Box<dyn Session>,
        scratch: &Path,
        source: DumpSource,
        manifest: &Manifest,
        epoch: Option<i64>,
    ) -> Result<Box<dyn Session>, RestoreError>;

    /// Loads a native dump into a place of its own beside the database, compares it with the manifest, and takes it away
    /// again. Nothing of the database is touched, and nobody is kept from it. What an earlier trial or restore left when it
    /// was killed is removed first ([`Engine::sweep`]).
    ///
    /// # Errors
    /// [`EngineError::Differs`] names what differs; any other when it cannot be loaded.
    async fn trial(&self, scratch: &Path, source: DumpSource, manifest: &Manifest) -> Result<(), EngineError>;

    /// Removes what killed restores and trials of this database left beside it, and gives the names; none is in use by a
    /// process that lives, for each of those is locked by whoever made it.
    ///
    /// # Errors
    /// When the server cannot be asked, or refuses.
    async fn sweep(&self) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }

    /// The same server and account, another database: `name` as it is, quoted wherever it goes; where a database is a file,
    /// the path of another one. Touches nothing.
    ///
    /// # Errors
    /// [`EngineError::Address`] when no database can be called so.
    fn beside(&self, name: &str) -> Result<Arc<dyn Engine>, EngineError>;

    /// Makes the database if it is missing, like the one that it is [`Engine::beside`]; true when it made it.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when this account may not; as [`Engine::open`].
    async fn create(&self) -> Result<bool, EngineError>;

    /// How much room the database takes, and how much is left where it lies.
    ///
    /// # Errors
    /// As [`Engine::open`]. What only the server's machine could tell is `None`.
    async fn room(&self) -> Result<Room, EngineError>;

    /// What a copy of a database of so many bytes takes in the private folder in between.
    fn scratch_bytes(&self, _database_bytes: u64) -> u64 {
        0
    }

    /// Brings a restore that was interrupted to its end, forward or back, and removes what it left beside the database. Gives
    /// what became of it in words; `None` when no restore was left in the middle, as where a swap is one step. Under the lock
    /// and with the run's epoch; our tables must be there.
    ///
    /// # Errors
    /// The server's; what is written down of it stays, and it can be tried again.
    async fn finish_restore(&self, _session: &mut dyn Session, _epoch: i64) -> Result<Option<String>, EngineError> {
        Ok(None)
    }

    /// The file name ending of a native dump: `dump`, `sql`, `db`.
    fn dump_ending(&self) -> &'static str;

    /// The commands that restore a payload without windlass; `{open}` stands for the one that writes the dump in it to its output.
    fn open_by_hand(&self) -> &'static str;
}

/// One connection to the target.
///
/// Every verb fails with [`EngineError::Lost`] once the connection is gone; it is never opened again.
#[async_trait]
pub trait Session: Send {
    /// The server's own name for this connection (process id, thread id).
    fn connection_id(&self) -> &str;

    /// Which server answers.
    fn server(&self) -> &Server;

    /// Sets the limits the server keeps from now on.
    ///
    /// # Errors
    /// When the server refuses.
    async fn set_limits(&mut self, limits: Limits) -> Result<(), EngineError>;

    /// The statements that make every setting of this session windlass's own again, whatever a migration has set, each with one
    /// answer. None on an engine where nothing that can be set leads our own statements astray.
    fn own_settings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tries to take the target's lock for this session; never waits. True when it is held now.
    ///
    /// # Errors
    /// When the server cannot be asked, or the lock cannot exist (a read-only folder).
    async fn try_lock(&mut self) -> Result<bool, EngineError>;

    /// Whether any session holds the target's lock.
    ///
    /// # Errors
    /// When the server cannot be asked.
    async fn is_locked(&mut self) -> Result<bool, EngineError>;

    /// Who holds the target's lock.
    ///
    /// # Errors
    /// When the server cannot be asked.
    async fn lock_owner(&mut self) -> Result<Option<Owner>, EngineError>;

    /// Ends the session that holds the target's lock, at the server; nothing happens when it is not `owner` any more. The
    /// lock is free once the server has undone or finished what that session was at. False where a lock is not the
    /// server's to take away: a file's belongs to a process.
    ///
    /// # Errors
    /// When the server cannot be asked, or this account may not.
    async fn end_lock_owner(&mut self, owner: &Owner) -> Result<bool, EngineError>;

    /// Gives the lock back; nothing happens when it is not held.
    ///
    /// # Errors
    /// When the server cannot be asked.
    async fn unlock(&mut self) -> Result<(), EngineError>;

    /// Asks with bound values (`?` in the text). Used for our own tables only.
    ///
    /// # Errors
    /// The server's.
    async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError>;

    /// Asks for these columns of every row of one of our own tables, in this order, by the way that suits many rows.
    ///
    /// # Errors
    /// The server's.
    async fn every_row(&mut self, columns: &str, table: &str, order: &str) -> Result<Vec<Row>, EngineError> {
        self.query(&format!("SELECT {columns} FROM {table} ORDER BY {order}"), &[]).await
    }

    /// Writes with bound values (`?` in the text); gives the number of rows. Used for our own tables only.
    ///
    /// # Errors
    /// The server's.
    async fn write(&mut self, sql: &str, binds: &[Value]) -> Result<u64, EngineError>;

    /// Runs one statement of a migration outside a transaction; gives the number of rows.
    ///
    /// # Errors
    /// [`StatementError`] with index 0.
    async fn execute(&mut self, sql: &str) -> Result<u64, StatementError>;

    /// Runs statements as one transaction, in as few messages as the engine allows. `seen` is told the index of each statement once it is known to have run.
    ///
    /// # Errors
    /// [`StatementError`] with the statement's index; `committed` says what is known of the transaction.
    async fn transact(
        &mut self,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError>;

    /// Whether the answers to a transaction of [`Session::transact`] come together at its end, so that they tell nothing of the
    /// time that each statement took.
    fn answers_at_once(&self) -> bool {
        false
    }

    /// Runs statements that change rows only as one transaction, in which the engine itself keeps every reference, row by row.
    ///
    /// # Errors
    /// As [`Session::transact`].
    async fn batch(&mut self, statements: &[&str]) -> Result<(), StatementError> {
        self.transact(statements, &mut |_| ()).await
    }

    /// The schema without our own tables; with names, only the tables and objects that are called so (unqualified).
    ///
    /// # Errors
    /// The server's.
    async fn schema(&mut self, names: Option<&[String]>) -> Result<Schema, EngineError>;

    /// A digest (hexadecimal) of the tables that are called so and of nothing else, by the cheapest look there is; `None` on
    /// an engine for which [`Session::schema`] is that. To be compared with one of the same server only.
    ///
    /// # Errors
    /// The server's.
    async fn glance(&mut self, _tables: &[String]) -> Result<Option<String>, EngineError> {
        Ok(None)
    }

    /// Which making of the tables and indexes called so this is, as the server numbers it: what leaves the schema's words
    /// alone and writes a table anew (TRUNCATE, OPTIMIZE, VACUUM FULL) changes it. `None` where this account may not see it.
    /// To be compared with one of the same server only, and never part of the schema's fingerprint.
    ///
    /// # Errors
    /// The server's.
    async fn generation(&mut self, _names: &[String]) -> Result<Option<String>, EngineError> {
        Ok(Some(String::new()))
    }

    /// What is in each table of the application, all at one moment; reads every row. Without tables whose rows lie elsewhere.
    ///
    /// # Errors
    /// The server's; this account may not see every row.
    async fn digests(&mut self) -> Result<BTreeMap<String, TableDigest>, EngineError>;

    /// Rows of each table, counted.
    ///
    /// # Errors
    /// The server's.
    async fn count_rows(&mut self) -> Result<BTreeMap<String, u64>, EngineError>;

    /// Rows that point nowhere, one sentence each; at most `limit`.
    ///
    /// # Errors
    /// The server's.
    async fn broken_references(&mut self, limit: usize) -> Result<Vec<String>, EngineError>;

    /// Hears from now on of what runs change, where the engine can tell and has room for that ([`Session::hears`]).
    async fn listen(&mut self) {}

    /// Whether [`Session::heard`] can ever come to an end.
    fn hears(&self) -> bool {
        false
    }

    /// Waits until a run, of whichever process, has changed what a look tells since this was last waited for; for ever where
    /// the engine cannot tell. At once for the first time, as nobody has heard what changed before. May be given up at any time.
    ///
    /// # Errors
    /// [`EngineError::Lost`].
    async fn heard(&mut self) -> Result<(), EngineError> {
        std::future::pending().await
    }

    /// Says goodbye. Where runs are [heard](Session::heard) of, the end of the lock is as well.
    async fn close(self: Box<Self>);
}
