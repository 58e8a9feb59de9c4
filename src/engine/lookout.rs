//! A second way to the target, beside the session that works: to tell that the run lives, and to see who is in its way.

use std::{fmt, future::Future, pin::pin, time::Duration};

use async_trait::async_trait;

use super::{EngineError, Session};
use crate::model::progress::Within;

/// How often a session that has nothing to do says something.
const AWAKE_MS: u64 = 60_000;

/// Waits for `work`, while `session`, which has nothing to do with it, says something now and then: a server ends a
/// session that it takes for dead, and with it goes the lock. What is wrong with the session shows when it is used.
pub async fn awake<T>(session: &mut dyn Session, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            // To its end, or the answer would be taken for the next one's.
            () = tokio::time::sleep(Duration::from_millis(AWAKE_MS)) => drop(session.query("SELECT 1", &[]).await),
        }
    }
}

/// How many characters of a blocker's statement are told.
const QUERY_CHARACTERS_MAX: usize = 200;

/// Somebody whose lock a statement waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocker {
    /// The session at the server, or the process.
    pub session: String,
    /// Whose it is.
    pub user: Option<String>,
    /// How long its transaction, or what it is at, has lasted.
    pub age: Option<Duration>,
    /// What it is doing: `idle in transaction`.
    pub state: Option<String>,
    /// Its statement, or its last one.
    pub query: Option<String>,
    /// It may be this one; the server does not say who holds the lock.
    pub is_guessed: bool,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_guessed {
            f.write_str("probably ")?;
        }
        f.write_str(&self.session)?;
        if let Some(user) = &self.user {
            write!(f, " of user {user}")?;
        }
        if let Some(age) = self.age {
            write!(f, ", for {} s", age.as_secs())?;
        }
        if let Some(state) = &self.state {
            write!(f, ", {state}")?;
        }
        if let Some(query) = self.query.as_deref().map(on_one_line).filter(|query| !query.is_empty()) {
            write!(f, ": {query}")?;
        }
        Ok(())
    }
}

fn on_one_line(query: &str) -> String {
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUERY_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A second way to the target. It waits for nobody's lock and holds none, and keeps no snapshot open, so that no
/// concurrent build of an index waits for it.
#[async_trait]
pub trait Lookout: Send {
    /// Beats the heart of the run of this epoch, with what it is doing.
    ///
    /// # Errors
    /// The server's.
    async fn beat(&mut self, epoch: i64, doing: &str) -> Result<(), EngineError>;

    /// Whose locks the session called `connection_id` waits for, the oldest first; nobody when it does not wait.
    ///
    /// # Errors
    /// The server's.
    async fn blockers(&mut self, connection_id: &str) -> Result<Vec<Blocker>, EngineError>;

    /// How far the session called `connection_id` is within its statement; `None` when the server does not tell.
    ///
    /// # Errors
    /// The server's.
    async fn within(&mut self, connection_id: &str) -> Result<Option<Within>, EngineError>;

    /// Says goodbye.
    async fn close(self: Box<Self>);
}
