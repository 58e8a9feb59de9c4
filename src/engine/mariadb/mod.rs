//! MariaDB 10.6 and later, and MySQL 8 and later.
//!
//! Both commit DDL by themselves (MariaDB manual, "SQL statements causing an implicit commit"), so the scope here is a
//! statement. What the two servers say differently is decided once, from [`super::Server::product`].

mod address;
mod beside;
mod broken;
mod content;
mod dump;
mod inserts;
mod introspect;
mod lock;
mod locking;
mod lookout;
mod open;
mod restore;
mod room;
mod rows;
mod session;
mod stage;
mod tables;
mod tool;
mod transact;
mod undoing;
mod watch;
mod within;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use self::{address::Address, open::Purpose};
use super::{DdlScope, DumpSink, DumpSource, Dumped, Engine, EngineError, Lookout, RestoreError, Room, Session, Words};
use crate::{
    model::{schema::Schema, snapshot::Manifest},
    sql::Dialect,
};

/// The word for MariaDB in [`super::Server::product`].
const MARIADB: &str = "MariaDB";
/// The word for MySQL in [`super::Server::product`].
const MYSQL: &str = "MySQL";

/// The engine for `mysql://` and `mariadb://`; nothing is opened yet.
pub(super) fn at(url: &str) -> Result<Arc<dyn Engine>, EngineError> {
    let address = Address::parse(url)?;
    Ok(Arc::new(MariaDb { like: address.database.clone(), address }))
}

struct MariaDb {
    address: Address,
    /// The database that this one is beside of; itself, where it is beside none.
    like: String,
}

#[async_trait]
impl Engine for MariaDb {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn ddl_scope(&self) -> DdlScope {
        DdlScope::Statement
    }

    fn words(&self) -> &'static Words {
        &tables::WORDS
    }

    fn address(&self) -> &str {
        self.address.shown()
    }

    async fn open(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(open::open(&self.address, Purpose::Write).await?))
    }

    async fn open_to_read(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(open::open(&self.address, Purpose::Read).await?))
    }

    async fn lookout(&self) -> Result<Box<dyn Lookout>, EngineError> {
        Ok(Box::new(lookout::MariaLookout::open(&self.address).await?))
    }

    fn undoing(&self, before: &Schema, now: &Schema) -> Option<Vec<String>> {
        undoing::undoing(before, now)
    }

    /// CREATE or DROP of an account, of a database, of a server, of a plugin or function that is there (or gone) already; a
    /// grant that is not there (MariaDB manual, "MariaDB Error Codes").
    fn is_so_already(&self, code: &str) -> bool {
        ["1396", "1007", "1008", "1141", "1147", "1125", "1305", "1476", "1477", "1968"].contains(&code)
    }

    async fn cancel(&self, connection_id: &str) -> Result<(), EngineError> {
        let mut session = self.open_to_read().await?;
        let thread: u64 = connection_id.parse().unwrap_or_default();
        // MariaDB manual, "KILL": QUERY leaves the connection; an unknown thread is error 1094.
        let asked = session.execute(&format!("KILL QUERY {thread}")).await;
        session.close().await;
        match asked.map_err(|failed| failed.error) {
            Err(EngineError::Refused { code, .. }) if code == "1094" => Ok(()),
            other => other.map(drop),
        }
    }

    async fn dump(&self, scratch: &Path, sink: DumpSink, export: Option<DumpSink>) -> Result<Dumped, EngineError> {
        dump::dump(&self.address, scratch, sink, export).await
    }

    async fn restore(
        &self,
        session: Box<dyn Session>,
        scratch: &Path,
        source: DumpSource,
        manifest: &Manifest,
        epoch: Option<i64>,
    ) -> Result<Box<dyn Session>, RestoreError> {
        restore::restore(&self.address, session, scratch, source, manifest, epoch).await
    }

    async fn finish_restore(&self, session: &mut dyn Session, epoch: i64) -> Result<Option<String>, EngineError> {
        restore::finish(session, epoch).await
    }

    async fn trial(&self, scratch: &Path, source: DumpSource, manifest: &Manifest) -> Result<(), EngineError> {
        beside::trial(&self.address, scratch, source, manifest).await
    }

    async fn sweep(&self) -> Result<Vec<String>, EngineError> {
        beside::swept(&self.address).await
    }

    /// A name has 64 characters at most, none of them NUL, and no space at its end (MySQL manual, "Schema Object Names").
    fn beside(&self, name: &str) -> Result<Arc<dyn Engine>, EngineError> {
        let letters = name.chars().count();
        if letters == 0 || letters > beside::NAME_LETTERS_MAX || name.contains('\0') || name.ends_with(' ') {
            let reason = format!(
                "{name:?} is no name of a database: 1 to {} characters, no NUL, no space at its end",
                beside::NAME_LETTERS_MAX
            );
            return Err(EngineError::Address { reason });
        }
        Ok(Arc::new(Self { address: self.address.with_database(name), like: self.address.database.clone() }))
    }

    async fn create(&self) -> Result<bool, EngineError> {
        beside::create(&self.address, &self.like).await
    }

    async fn room(&self) -> Result<Room, EngineError> {
        room::of(&self.address).await
    }

    fn dump_ending(&self) -> &'static str {
        "sql"
    }

    fn open_by_hand(&self) -> &'static str {
        "{open} | mariadb --binary-mode --comments --default-character-set=utf8mb4 <database>"
    }
}
