//! The target with everything a procedure needs beside it.

use std::{path::Path, sync::Arc};

use semver::Version;
use tokio::sync::OnceCell;

use crate::{
    catalog::{self, CatalogError, Known, Uncut},
    clock::Clock,
    config::Config,
    engine::Engine,
    meters::Meters,
    model::{
        catalog::Catalog,
        loss::LossPolicy,
        migration::Migration,
        order::{PathPolicy, RollbackPolicy, SafetyNet, SnapshotPolicy, SpacePolicy},
        testing::MigrationTest,
    },
    plan::{Needs, Site},
    snapshot::Archive,
    store::Store,
};

/// The target with everything a procedure needs beside it. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    /// Its name.
    pub name: Arc<str>,
    /// Its engine.
    pub engine: Arc<dyn Engine>,
    /// The settings.
    pub config: Arc<Config>,
    /// Where its snapshots are.
    pub archive: Archive,
    /// Our own database.
    pub store: Store,
    /// Time.
    pub clock: Clock,
    /// What is counted.
    pub meters: Meters,
    /// The catalog of one job, once it was read; see [`Target::for_one_job`].
    pub read: Option<Arc<OnceCell<Arc<Catalog>>>>,
}

impl Target {
    /// The same target for one job: its catalog is read once, so that what was admitted is what is run.
    #[must_use]
    pub fn for_one_job(&self) -> Self {
        Self { read: Some(Arc::default()), ..self.clone() }
    }

    /// A database that is made for one job, with what the target has beside it, but for the control store: what is learned of
    /// its schema is not the target's. No snapshot lies under what is done to it, nobody is asked, and it may go all the way.
    /// `folder` is private.
    #[must_use]
    pub fn on_scratch(&self, engine: Arc<dyn Engine>, folder: &Path) -> Self {
        let mut config = Config::clone(&self.config);
        config.app.required_db_version = None;
        config.policy.path = PathPolicy::Through;
        config.policy.snapshot = SnapshotPolicy::Never;
        config.policy.rollback = RollbackPolicy::Any;
        config.policy.space = SpacePolicy::Warn;
        config.policy.loss = LossPolicy::Accept;
        config.policy.blocking_risks = Vec::new();
        config.policy.safety_net = SafetyNet::Off;
        let store = Store::at(&folder.join("windlass.db"));
        // What happens there is not counted as the target's.
        let meters = Meters::of(&self.name);
        Self { engine, store, config: Arc::new(config), meters, read: None, ..self.clone() }
    }

    /// The migrations on disk.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn catalog(&self) -> Result<Arc<Catalog>, CatalogError> {
        match &self.read {
            Some(read) => read.get_or_try_init(|| self.load()).await.cloned(),
            None => self.load().await,
        }
    }

    async fn load(&self) -> Result<Arc<Catalog>, CatalogError> {
        self.cut(self.files().await?, Known::new()).await
    }

    /// Cuts what was read from disk, for [`Target::catalog`] to give.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn keep(&self, files: Uncut) -> Result<(), CatalogError> {
        let catalog = self.cut(files, Known::new()).await?;
        if let Some(read) = &self.read {
            // Somebody else may have read it meanwhile.
            let _ = read.set(catalog);
        }
        Ok(())
    }

    /// The declared schema, as one migration; `None` where none is declared.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn declared(&self) -> Result<Option<Migration>, CatalogError> {
        let (settings, dialect) = (self.config.catalog.clone(), self.engine.dialect());
        aside(move || catalog::declared(&settings, dialect)).await
    }

    /// The tests of the migrations of a catalog, each with its place in it.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn tests(&self, catalog: &Arc<Catalog>) -> Result<Vec<Option<MigrationTest>>, CatalogError> {
        let (settings, dialect) = (self.config.catalog.clone(), self.engine.dialect());
        let catalog = Arc::clone(catalog);
        aside(move || catalog::tests(&settings, dialect, &catalog.migrations)).await
    }

    /// The files of the migrations on disk, read off the async threads: a session is opened meanwhile.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn files(&self) -> Result<Uncut, CatalogError> {
        let settings = self.config.catalog.clone();
        let dialect = self.engine.dialect();
        aside(move || catalog::read(&settings, dialect)).await
    }

    /// Those migrations but for the scripts of what is `known`: for a look at what is pending, and not for a run.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn cut(&self, files: Uncut, known: Known) -> Result<Arc<Catalog>, CatalogError> {
        aside(move || files.cut(&known)).await.map(Arc::new)
    }

    /// What the application needs: as configured, else what the catalog leads to.
    #[must_use]
    pub fn needs(&self, catalog: &Catalog) -> Needs {
        let app = &self.config.app;
        let required = app
            .required_db_version
            .clone()
            .or_else(|| catalog.highest().cloned())
            .unwrap_or_else(|| Version::new(0, 0, 0));
        Needs {
            backend: app.version.clone().unwrap_or_else(|| required.clone()),
            required,
            compatibility: self.config.policy.compatibility,
            path: self.config.policy.path,
            blocking_risks: self.config.policy.blocking_risks.clone(),
            rollback: self.config.policy.rollback,
        }
    }

    /// What a plan needs to know of it.
    #[must_use]
    pub fn site(&self) -> Site<'_> {
        Site { target: &self.name, dialect: self.engine.dialect(), scope: self.engine.ddl_scope() }
    }
}

/// Does blocking work off the async threads; a panic in it goes on here.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
