//! What lives long.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    catalog::CatalogError,
    clock::Clock,
    config::Config,
    engine::{self, EngineError},
    jobs::{Desk, Enquiry, Slot},
    monitor::{HealthBoard, Sampler, not_yet},
    procedure::Target,
    snapshot::Folder,
    store::Store,
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
    /// Time.
    pub clock: Clock,
    target: Target,
    running: watch::Receiver<bool>,
    catalog: Arc<crate::model::catalog::Catalog>,
}

/// Why windlass cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The target's URL cannot be used.
    #[error(transparent)]
    Target(#[from] EngineError),
}

impl App {
    /// Puts everything together. Reads the catalog; asks neither the target nor the control store anything.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(config: Config, clock: Clock) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let target = Target {
            name: config.target.name.as_str().into(),
            engine: engine::at(config.target.direct_url.as_ref().unwrap_or(&config.target.url))?,
            folder: Arc::new(Folder::at(&config.snapshots.path)),
            store: Store::at(&config.store.path),
            config: Arc::clone(&config),
            clock: clock.clone(),
        };
        let catalog = Arc::new(target.catalog().await?);
        let (tell, running) = watch::channel(false);
        let slot = Slot::free(tell);
        Ok(Self {
            desk: Desk::new(target.clone(), slot.clone()),
            enquiry: Enquiry::new(target.clone(), slot),
            health: HealthBoard::showing(not_yet(&target, &catalog)),
            config,
            clock,
            target,
            running,
            catalog,
        })
    }

    /// Looks at the target once an interval until `stop`, and hangs what it sees on [`App::health`].
    pub async fn watch(&self, stop: CancellationToken) {
        let catalog = Arc::clone(&self.catalog);
        Sampler::new(self.target.clone(), self.health.clone(), self.running.clone(), catalog).run(stop).await;
    }
}
