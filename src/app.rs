//! What lives long.

use std::sync::Arc;

use semver::Version;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{AuthError, Keys},
    catalog::CatalogError,
    clock::Clock,
    config::Config,
    engine::{self, EngineError},
    jobs::{Caretaker, Desk, Enquiry, Slot},
    meters::Meters,
    model::{
        catalog::Catalog,
        job::{JobKind, JobState},
    },
    monitor::{Books, Gauges, HealthBoard, Reading, Sampler, not_yet},
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
    /// What is counted.
    pub meters: Meters,
    books: Arc<Books>,
    target: Target,
    running: watch::Receiver<Option<JobKind>>,
    /// The catalog, where it was read to serve.
    read: Reading,
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
            meters: Meters::of(&config.target.name),
            read: None,
        };
        for (kind, state) in
            JobKind::ALL.iter().flat_map(|kind| [(kind, JobState::Succeeded), (kind, JobState::Failed)])
        {
            target.meters.expect_jobs(kind.as_str(), state.as_str());
        }
        let (tell, running) = watch::channel(None);
        let slot = Slot::free(tell);
        Ok(Self {
            desk: Desk::new(target.clone(), slot.clone()),
            enquiry: Enquiry::new(target.clone(), slot),
            health: HealthBoard::showing(not_yet(&target, &Catalog::default())),
            keys: Arc::new(Keys::none(&config.auth)),
            meters: target.meters.clone(),
            books: Arc::new(Books::of(target.clone())),
            config,
            clock,
            stopping: CancellationToken::new(),
            target,
            running,
            read: Reading::default(),
        })
    }

    /// The same for another version of the application: with the same place for one job, and the same stop.
    #[must_use]
    pub fn of_version(&self, version: &Version) -> Self {
        let mut config = Config::clone(&self.config);
        config.app.version = Some(version.clone());
        let config = Arc::new(config);
        let target = Target { config: Arc::clone(&config), ..self.target.clone() };
        let (desk, enquiry) = (self.desk.over(target.clone()), self.enquiry.over(target.clone()));
        Self { config, desk, enquiry, target, ..self.clone() }
    }

    /// Makes ready to serve: loads the keys (and makes a secret on first start), reads the catalog. Asks the
    /// target nothing.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn for_service(mut self) -> Result<Self, OpenError> {
        self.keys = Arc::new(Keys::load(&self.config.auth, self.config.data_dir())?);
        self.read = Reading::of(&self.target).await?;
        self.health.show(not_yet(&self.target, self.read.catalog()));
        Ok(self)
    }

    /// Seals the audit trail of a release that had no seals. Whoever gives an order before that is done seals it first.
    pub async fn seal(&self) {
        if let Err(error) = self.target.store.seal_earlier_lines().await {
            tracing::error!(%error, "the audit trail cannot be sealed; every order is refused until that is mended");
        }
    }

    /// Does what is due for the snapshots, for ever.
    pub async fn take_care(&self) {
        Caretaker::at(self.desk.clone()).run().await;
    }

    /// Looks at the target once an interval until [`App::stopping`], and hangs what it sees on [`App::health`]. Keeps the keys
    /// as their files have them.
    pub async fn watch(&self) {
        let sampler = Sampler::new(self.target.clone(), self.health.clone(), self.running.clone(), self.read.clone());
        tokio::select! {
            () = sampler.run(self.stopping.clone()) => {}
            () = self.keys.keep() => {}
        }
    }

    /// Everything that is measured, in Prometheus's text format. Never asks the target; the control store and the archive
    /// once in a while, however often this is called.
    pub async fn metrics(&self) -> String {
        let mut gauges = Gauges::of(&self.target.name);
        gauges.build();
        gauges.sample(&self.health.read());
        gauges.job(self.enquiry.running().as_ref());
        let ledger = self.books.ledger().await;
        gauges.ledger(&ledger);
        gauges.drift(&ledger, self.enquiry.drift_seen());
        gauges.snapshots(&self.books.shelf(ledger.answer.as_deref()).await);
        self.meters.text() + &gauges.text()
    }
}
