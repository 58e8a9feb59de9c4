//! What lives long.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    auth::{AuthError, Keys},
    catalog::CatalogError,
    clock::Clock,
    config::{Config, ConfigError},
    engine::EngineError,
    jobs::{Desk, Enquiry},
    monitor::HealthBoard,
    store::StoreError,
};

/// Everything a door needs. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// Takes orders.
    pub desk: Desk,
    /// Answers questions.
    pub enquiry: Enquiry,
    /// The newest look at the target.
    pub health: HealthBoard,
    /// Tells whose token a token is.
    pub keys: Arc<Keys>,
    /// Time.
    pub clock: Clock,
    /// Cancelled once the service is to stop: probes say so, streams end, no new work begins.
    pub stopping: CancellationToken,
}

/// Why the application cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The settings cannot be used.
    #[error("the settings cannot be used")]
    Config(#[from] ConfigError),
    /// The keys for tokens cannot be used.
    #[error("the keys cannot be used")]
    Auth(#[from] AuthError),
    /// The catalog cannot be read.
    #[error("the catalog cannot be used")]
    Catalog(#[from] CatalogError),
    /// The target cannot be asked.
    #[error("the target cannot be used")]
    Target(#[from] EngineError),
    /// Our own database cannot be used.
    #[error("the control store cannot be used")]
    Store(#[from] StoreError),
}

impl App {
    /// Opens everything the settings name.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is left open.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, OpenError> {
        let _ = (config, clock);
        unimplemented!()
    }
}
