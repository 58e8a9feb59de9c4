//! What lives long.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{AuthError, Keys},
    catalog::CatalogError,
    clock::Clock,
    config::Config,
    engine::{self, EngineError},
    jobs::{Caretaker, Desk, Enquiry, Slot},
    model::catalog::Catalog,
    monitor::{HealthBoard, Sampler, not_yet},
    procedure::Target,
    snapshot::{Archive, ArchiveError},
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
    /// Tells whose token a token is; refuses every token until [`App::for_service`].
    pub keys: Arc<Keys>,
    /// Time.
    pub clock: Clock,
    /// Cancelled once the service is to stop: probes say so, streams end, no new work begins.
    pub stopping: CancellationToken,
    target: Target,
    running: watch::Receiver<bool>,
}

/// Why windlass cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be used.
    #[error("the service does not start without a catalog")]
    Catalog(#[from] CatalogError),
    /// The target's URL cannot be used.
    #[error(transparent)]
    Target(#[from] EngineError),
    /// The keys cannot be used.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The place or the keys of the snapshots cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl App {
    /// Puts everything together. Touches neither the target nor a file.
    ///
    /// # Errors
    /// [`OpenError::Target`] for a URL that is not one; [`OpenError::Archive`] for one of snapshots, and for their keys.
    pub fn open(config: Config, clock: Clock) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let target = Target {
            name: config.target.name.as_str().into(),
            engine: engine::at(config.target.direct_url.as_ref().unwrap_or(&config.target.url))?,
            archive: Archive::at(&config.snapshots, config.data_dir())?,
            store: Store::at(&config.store.path),
            config: Arc::clone(&config),
            clock: clock.clone(),
            read: None,
        };
        let (tell, running) = watch::channel(false);
        let slot = Slot::free(tell);
        Ok(Self {
            desk: Desk::new(target.clone(), slot.clone()),
            enquiry: Enquiry::new(target.clone(), slot),
            health: HealthBoard::showing(not_yet(&target, &Catalog::default())),
            keys: Arc::new(Keys::none(&config.auth)),
            config,
            clock,
            stopping: CancellationToken::new(),
            target,
            running,
        })
    }

    /// Makes ready to serve: loads the keys (and makes a secret on first start), reads the catalog. Asks the
    /// target nothing.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn for_service(mut self) -> Result<Self, OpenError> {
        self.keys = Arc::new(Keys::load(&self.config.auth, self.config.data_dir())?);
        let catalog = self.target.catalog().await?;
        self.health.show(not_yet(&self.target, &catalog));
        Ok(self)
    }

    /// Does what is due for the snapshots, for ever.
    pub async fn take_care(&self) {
        Caretaker::at(self.desk.clone()).run().await;
    }

    /// Looks at the target once an interval until [`App::stopping`], and hangs what it sees on [`App::health`].
    pub async fn watch(&self) {
        let sampler = Sampler::new(self.target.clone(), self.health.clone(), self.running.clone());
        sampler.run(self.stopping.clone()).await;
    }
}
