//! An empty database beside the live one.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::PgConnection;

use super::{Postgres, address::Address, beside, copy, swap};
use crate::engine::{Bench, Engine, EngineError};

/// A database that is claimed for as long as the connection to the maintenance database lasts.
pub(super) struct PgBench {
    address: Address,
    name: String,
    maintenance: tokio::sync::Mutex<PgConnection>,
}

impl PgBench {
    /// Makes one, with everything like the live one but what is in it.
    pub(super) async fn make(address: &Address) -> Result<Self, EngineError> {
        let mut maintenance = swap::maintenance(address).await?;
        beside::sweep(&mut maintenance, &address.database).await?;
        let name = beside::name(&address.database, beside::TRIAL, &beside::id());
        beside::claim(&mut maintenance, &name).await?;
        if let Err(error) = copy::create(&mut maintenance, &address.database, &name).await {
            beside::tidy(address, maintenance, &name).await;
            return Err(error);
        }
        Ok(Self { address: address.clone(), name, maintenance: maintenance.into() })
    }
}

#[async_trait]
impl Bench for PgBench {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(Postgres { address: self.address.within(&self.name), like: Some(self.address.database.clone()) })
    }

    async fn remove(self: Box<Self>) {
        beside::tidy(&self.address, self.maintenance.into_inner(), &self.name).await;
    }
}
