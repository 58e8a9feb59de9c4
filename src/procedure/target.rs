//! The target with everything a procedure needs beside it.

use std::sync::Arc;

use semver::Version;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::OnceCell,
};

use crate::{
    catalog::{self, CatalogError},
    clock::Clock,
    config::Config,
    engine::Engine,
    model::catalog::Catalog,
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
    /// The catalog of one job, once it was read; see [`Target::for_one_job`].
    pub read: Option<Arc<OnceCell<Arc<Catalog>>>>,
}

impl Target {
    /// The same target for one job: its catalog is read once, so that what was admitted is what is run.
    #[must_use]
    pub fn for_one_job(&self) -> Self {
        Self { read: Some(Arc::default()), ..self.clone() }
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

    /// Reads the migrations from disk: off the async threads, but in a process that has only one of them and does nothing
    /// else meanwhile.
    async fn load(&self) -> Result<Arc<Catalog>, CatalogError> {
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            let settings = &self.config.catalog;
            return catalog::load(&settings.path, settings.format, self.engine.dialect()).map(Arc::new);
        }
        let (path, format, dialect) =
            (self.config.catalog.path.clone(), self.config.catalog.format, self.engine.dialect());
        let reading = tokio::task::spawn_blocking(move || catalog::load(&path, format, dialect));
        match reading.await {
            Ok(read) => read.map(Arc::new),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
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
        }
    }

    /// What a plan needs to know of it.
    #[must_use]
    pub fn site(&self) -> Site<'_> {
        Site { target: &self.name, dialect: self.engine.dialect(), scope: self.engine.ddl_scope() }
    }
}
