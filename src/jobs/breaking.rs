//! Taking the lock away from whoever holds it, because a person says so. Never done on silence alone.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Desk, Refused, turn::Held};
use crate::{
    engine::{
        EngineError, Owner, Session,
        bookkeeping::{self, lock},
    },
    model::order::Requester,
    procedure::Target,
};

/// How long the server may take to undo what the ended session was at.
const GONE_MS_MAX: u64 = 120_000;
/// How often it is looked whether it has. Short, as the session's process may come back and wait for the lock too.
const LOOK_MS: u64 = 10;

impl Desk {
    /// Ends the session that holds the target's lock, at the server, and waits until it is gone. Whatever run it was then
    /// writes nothing any more. Gives who it was; `None` when nobody held it. Written into the audit trail before and after.
    ///
    /// # Errors
    /// [`Refused::Busy`] for a lock that cannot be taken away, or that somebody else has meanwhile; the server's.
    pub async fn break_lock(&self, by: &Requester) -> Result<Option<String>, Refused> {
        let target = self.target();
        let mut session = target.engine.open().await?;
        let broken = self.broken(target, by, session.as_mut()).await;
        session.close().await;
        broken
    }

    async fn broken(
        &self,
        target: &Target,
        by: &Requester,
        session: &mut dyn Session,
    ) -> Result<Option<String>, Refused> {
        let Some(owner) = session.lock_owner().await? else { return Ok(None) };
        let Some(who) = Held::seen(target, session).await?.words() else { return Ok(None) };
        self.audit(by, None, format!("breaks the lock of {who}, session {}", owner.connection)).await?;
        if !session.end_lock_owner(&owner).await? {
            let process = &owner.connection;
            let holder = format!(
                "{who}. The lock of a file belongs to its process and is not taken away: end process {process} \
                 (kill {process}), and its lock goes with it"
            );
            return Err(Refused::Busy { holder, job: None });
        }
        gone(target, session, &owner).await?;
        if bookkeeping::present(session, target.engine.words()).await? {
            lock::overtake(session).await?;
        }
        self.audit(by, None, format!("broke the lock of {who}, session {}", owner.connection)).await?;
        Ok(Some(who))
    }
}

/// Waits until the session is gone, and has its lock.
async fn gone(target: &Target, session: &mut dyn Session, owner: &Owner) -> Result<(), Refused> {
    let limit = Duration::from_millis(GONE_MS_MAX);
    let deadline = Instant::now() + limit;
    while !session.try_lock().await? {
        let now = session.lock_owner().await?;
        if now.is_some_and(|now| now.connection != owner.connection) {
            let holder = Held::seen(target, session).await?.words().unwrap_or_default();
            return Err(Refused::Busy { holder, job: None });
        }
        if Instant::now() >= deadline {
            return Err(EngineError::TimedOut(limit).into());
        }
        sleep(Duration::from_millis(LOOK_MS)).await;
    }
    Ok(())
}
