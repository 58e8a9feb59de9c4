//! Waiting for one's turn: the lock is looked at, never touched, and nothing is held meanwhile.

use std::time::Duration;

use ulid::Ulid;

use super::Refused;
use crate::{
    engine::{
        EngineError, Session,
        bookkeeping::{self, lock},
    },
    model::status::Holder,
    procedure::Target,
};

/// The shortest time between two looks while another run holds the target.
const LOOK_MS_MIN: u64 = 250;
/// So much is added at random.
const LOOK_MS_MORE: u64 = 250;

/// The time between two looks: some of it at random, so that those who wait together do not ask together.
#[must_use]
pub fn pause() -> Duration {
    let chance = u64::try_from(Ulid::generate().random() % u128::from(LOOK_MS_MORE)).unwrap_or_default();
    Duration::from_millis(LOOK_MS_MIN + chance)
}

/// Who holds the target's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// Nobody.
    Free,
    /// Somebody who has told.
    By(Box<Holder>),
    /// Somebody who has not told, or not yet; the server's name for the session.
    Untold(String),
}

impl Held {
    /// Asks.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn seen(target: &Target, session: &mut dyn Session) -> Result<Self, EngineError> {
        let words = target.engine.words();
        let Some(owner) = session.lock_owner().await? else { return Ok(Self::Free) };
        let told = if bookkeeping::present(session, words).await? { lock::holder(session, words).await? } else { None };
        Ok(told.map_or_else(|| Self::Untold(owner.connection), |holder| Self::By(Box::new(holder))))
    }

    /// Who, in words; `None` when nobody.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Free => None,
            Self::By(holder) => Some(holder.to_string()),
            Self::Untold(session) => Some(Holder::untold(session.clone(), None).to_string()),
        }
    }
}

/// Looks at the lock again and again, over one connection.
pub struct LockWatch {
    target: Target,
    session: Option<Box<dyn Session>>,
}

impl LockWatch {
    pub(super) fn of(target: &Target) -> Self {
        Self { target: target.clone(), session: None }
    }

    /// Who holds the lock now, and what they are at; `None` when nobody does.
    ///
    /// # Errors
    /// [`Refused::Target`]; the next look opens a connection of its own.
    pub async fn look(&mut self) -> Result<Option<String>, Refused> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.target.engine.open_to_read().await?,
        };
        let held = Held::seen(&self.target, session.as_mut()).await?;
        // A session that saw no tables may be one on a file that was not there yet.
        match held {
            Held::By(_) => self.session = Some(session),
            _ => session.close().await,
        }
        Ok(held.words())
    }

    /// Lets go of the connection.
    pub async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}
