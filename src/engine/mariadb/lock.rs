//! The lock that keeps two runs apart: `GET_LOCK` on the session that runs the SQL.
//!
//! It lasts as long as the session, and with it as long as a statement that outlives its killed client, so nobody looks at
//! the schema while a ghost still changes it. Names are the whole server's and regardless of case (MariaDB manual, "`GET_LOCK`").

use sha2::{Digest, Sha256};

use super::session::MariaSession;
use crate::engine::{EngineError, Owner, Row, Session, Value};

/// How much of the hash is in the name: MySQL takes 64 characters at most (MySQL manual, "Locking Functions").
const HASH_DIGITS: usize = 40;

/// The lock's name for a database, as the server spells it; `folded` where the server does not tell case apart.
pub(super) fn name(database: &str, folded: bool) -> String {
    let spelled = if folded { database.to_lowercase() } else { database.to_owned() };
    let mut name = String::from("windlass:");
    for byte in Sha256::digest(spelled).iter().take(HASH_DIGITS / 2) {
        use std::fmt::Write;
        let _ = write!(name, "{byte:02x}");
    }
    name
}

impl MariaSession {
    /// Takes the lock without waiting. A session may take a lock twice and would have to give it back twice, so one that
    /// holds it does not ask again.
    pub(super) async fn take_lock(&mut self) -> Result<bool, EngineError> {
        if self.held {
            return Ok(true);
        }
        let rows = self.query("SELECT GET_LOCK(?, 0)", &[Value::Text(self.lock.clone())]).await?;
        match only(&rows)? {
            Some(1) => self.held = true,
            Some(_) => {}
            None => return Err(unanswered("GET_LOCK")),
        }
        Ok(self.held)
    }

    pub(super) async fn owner_of_lock(&mut self) -> Result<Option<Owner>, EngineError> {
        let rows = self.query("SELECT IS_USED_LOCK(?)", &[Value::Text(self.lock.clone())]).await?;
        Ok(only(&rows)?.map(|thread| Owner { connection: thread.to_string(), beat: None }))
    }

    /// Ends the session that is `owner`, if it still holds the lock. An unknown thread is error 1094 (MariaDB manual, "KILL").
    pub(super) async fn end_owner_of_lock(&mut self, owner: &Owner) -> Result<(), EngineError> {
        let thread: u64 = owner.connection.parse().unwrap_or_default();
        if self.owner_of_lock().await?.is_none_or(|now| now.connection != owner.connection) {
            return Ok(());
        }
        match self.query(&format!("KILL CONNECTION {thread}"), &[]).await {
            Err(EngineError::Refused { code, .. }) if code == "1094" => Ok(()),
            ended => ended.map(drop),
        }
    }

    pub(super) async fn give_lock_back(&mut self) -> Result<(), EngineError> {
        if !self.held {
            return Ok(());
        }
        self.held = false;
        self.query("SELECT RELEASE_LOCK(?)", &[Value::Text(self.lock.clone())]).await?;
        Ok(())
    }
}

fn only(rows: &[Row]) -> Result<Option<i64>, EngineError> {
    rows.first().map_or(Ok(None), |row| row.int(0))
}

/// `GET_LOCK` gives NULL when it could not try (out of memory, thread killed: MariaDB manual, "`GET_LOCK`").
fn unanswered(function: &str) -> EngineError {
    EngineError::Refused { code: "NULL".to_owned(), message: format!("{function} could not be tried") }
}
