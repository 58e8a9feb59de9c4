//! The target. This room alone knows its SQL; above it nobody asks which engine serves, only for its [`DdlScope`].
//!
//! An engine is reduced to what truly differs: how to open a session, run text, lock, look at the schema, and copy the
//! database out and in. What is the same everywhere (our own tables, the two routes of a migration) is written once, in
//! [`bookkeeping`] and above this room.

pub mod bookkeeping;
mod error;
mod lookout;
mod mariadb;
mod postgres;
pub mod ranges;
mod recorder;
mod sqlite;
mod value;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

pub use self::{
    error::{EngineError, RestoreError, StatementError},
    lookout::{Blocker, Lookout, awake},
    recorder::{Recorder, Recording},
    value::{Row, Value},
};
pub use crate::model::migration::DdlScope;
use crate::{
    model::{schema::Schema, snapshot::Manifest},
    sql::Dialect,
};

/// Which server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its word for itself: `PostgreSQL`, `MariaDB`, `MySQL`, `SQLite`.
    pub product: &'static str,
    /// Its version as it prints it.
    pub version: String,
    /// Major and minor, for comparisons.
    pub number: (u32, u32),
}

/// Limits that the server keeps for a session. `None` leaves the server's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a statement may wait for a lock.
    pub lock_timeout_ms: Option<u64>,
    /// How long a statement may take.
    pub statement_timeout_ms: Option<u64>,
}

/// Who holds the target's lock, as the server itself tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The server's own name for the session; for a file, the process.
    pub connection: String,
    /// What it told of itself, where that is not in our tables.
    pub beat: Option<Beat>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The epoch of the run that gave it.
    pub epoch: i64,
    /// What it was doing.
    pub doing: String,
    /// How long ago.
    pub silent_ms: u64,
}

/// What an engine's own SQL for our tables looks like, where the engines differ.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The statements that create our tables and indexes if they are missing: the lock's table after all others, its row last.
    pub create_tables: &'static [&'static str],
    /// The wall clock with milliseconds, moving within a transaction.
    pub clock: &'static str,
    /// Milliseconds (an integer) from `windlass_lock.heartbeat` to now, as a scalar expression without a FROM clause.
    pub elapsed_ms: &'static str,
    /// Turns a timestamp column into milliseconds since 1970 in UTC: text before and after the column.
    pub epoch_ms: (&'static str, &'static str),
    /// A query that gives one row with the number of tables in the connection's database or schema whose name is bound as the only parameter.
    pub count_table: &'static str,
    /// A query that gives one row with the number of tables in the connection's database or schema that are not windlass's own.
    pub count_foreign_tables: &'static str,
    /// A query for the keys of the table whose schema (or an empty text) and name are bound, in turn: one row for each column of each
    /// unique key, in order, the primary key first, and one without a key for a table that has none. See [`ranges`].
    pub keys: &'static str,
    /// Whether a comparison of rows, `(a, b) > (1, 2)`, finds its place in an index.
    pub compares_rows: bool,
    /// Turns hexadecimal digits of UTF-8 into text: text before and after them.
    pub text_of_hex: (&'static str, &'static str),
    /// Codes of refusals that the same statement may not meet again: waits that took too long, deadlocks.
    pub passing: &'static [&'static str],
    /// How long writers of the application are left alone between two batches, in milliseconds, where they do not queue for
    /// a lock but look for it now and then.
    pub breath_ms: u64,
}

impl Words {
    /// A text as an expression of SQL that holds nothing but hexadecimal digits of it.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        use std::fmt::Write;
        let (before, after) = self.text_of_hex;
        let hex = text.bytes().fold(String::with_capacity(text.len() * 2), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        format!("{before}{hex}{after}")
    }
}

/// A native dump on its way, piece by piece; the channel is bounded, so that neither end runs ahead.
pub type DumpSink = tokio::sync::mpsc::Sender<bytes::Bytes>;

/// The other end of a [`DumpSink`]; it ends when the dump is whole, or with an error when it is not.
pub type DumpSource = tokio::sync::mpsc::Receiver<Result<bytes::Bytes, std::io::Error>>;

/// An engine, pointed at one target.
#[async_trait]
pub trait Engine: Send + Sync {
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

    /// Sends a native dump of the whole database, taken at one moment, into `sink`, and says with which tool (and version) it was made.
    /// `scratch` is a private folder for an engine that needs a file in between.
    ///
    /// # Errors
    /// When the tool is missing or fails; its own words are in the error, and what was sent is worthless.
    async fn dump(&self, scratch: &std::path::Path, sink: DumpSink) -> Result<String, EngineError>;

    /// Puts a native dump in the place of the database: loads it beside, compares it with the manifest, then swaps.
    /// `session` holds the lock; it is given back, or a new one that holds it.
    ///
    /// # Errors
    /// When it cannot be loaded or differs; the database is then as it was, and the session comes back with the error.
    async fn restore(
        &self,
        session: Box<dyn Session>,
        scratch: &std::path::Path,
        source: DumpSource,
        manifest: &Manifest,
    ) -> Result<Box<dyn Session>, RestoreError>;

    /// The file name ending of a native dump: `dump`, `sql`, `db`.
    fn dump_ending(&self) -> &'static str;

    /// The commands that open a payload (`{payload}`) without windlass.
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

    /// Rows of each table, counted.
    ///
    /// # Errors
    /// The server's.
    async fn count_rows(&mut self) -> Result<std::collections::BTreeMap<String, u64>, EngineError>;

    /// Rows that point nowhere, one sentence each; at most `limit`.
    ///
    /// # Errors
    /// The server's.
    async fn broken_references(&mut self, limit: usize) -> Result<Vec<String>, EngineError>;

    /// Says goodbye.
    async fn close(self: Box<Self>);
}

/// The engine for a target's URL: `sqlite:data/app.db`, `postgres://…`, `mysql://…` or `mariadb://…`.
///
/// # Errors
/// [`EngineError::Address`] when the URL is not one of those.
pub fn at(url: &SecretString) -> Result<Arc<dyn Engine>, EngineError> {
    use secrecy::ExposeSecret;
    let text = url.expose_secret();
    match text.split(':').next().unwrap_or_default() {
        "sqlite" => sqlite::at(text),
        "postgres" | "postgresql" => postgres::at(text),
        "mysql" | "mariadb" => mariadb::at(text),
        // Only what stands before "://" is told: the rest may hold a secret.
        _ => Err(EngineError::Address { reason: reason(text) }),
    }
}

/// Why a URL is of no engine.
fn reason(text: &str) -> String {
    let words = "use sqlite:<file>, postgres://… or mysql://…";
    match text.split_once("://") {
        Some((scheme, _)) => format!("{scheme:?} is not an engine; {words}"),
        None => format!("it does not begin with an engine's name; {words}"),
    }
}
