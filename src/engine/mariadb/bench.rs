//! An empty database beside the live one.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::{
    MariaDb,
    address::Address,
    beside,
    open::{self, Purpose},
    session::MariaSession,
};
use crate::engine::{Bench, Engine, EngineError, Session};

/// A database that is claimed for as long as the session lasts.
pub(super) struct MariaBench {
    address: Address,
    name: String,
    session: Mutex<MariaSession>,
}

impl MariaBench {
    /// Makes one, with the character set of the live one.
    pub(super) async fn make(address: &Address) -> Result<Self, EngineError> {
        let mut session = open::open(address, Purpose::Write).await?;
        let live = address.database.as_str();
        beside::sweep(&mut session, live).await?;
        let name = beside::name(live, beside::TRIAL, &beside::id());
        beside::must_be_free(&mut session, &name).await?;
        beside::create_like(&mut session, live, &name).await?;
        Ok(Self { address: address.clone(), name, session: session.into() })
    }
}

#[async_trait]
impl Bench for MariaBench {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(MariaDb { address: self.address.with_database(&self.name), like: self.address.database.clone() })
    }

    async fn remove(self: Box<Self>) {
        let mut session = self.session.into_inner();
        if let Err(error) = beside::remove(&mut session, &self.name).await {
            tracing::warn!(database = %self.name, %error, "the database {} is left over; the next trial or restore removes it", self.name);
        }
        Box::new(session).close().await;
    }
}
