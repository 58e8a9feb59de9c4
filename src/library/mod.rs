//! windlass as a part of an application: at its start, and under its own router.
//!
//! ```
//! # use windlass::config::{Catalog, Store, Target};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (home, database) = (folder.path(), folder.path().join("app.db"));
//! # let ship = home.join("migrations/v1.0.0_01_cabins");
//! # std::fs::create_dir_all(&ship)?;
//! # std::fs::write(ship.join("up.sql"), "CREATE TABLE cabins (id INTEGER PRIMARY KEY);")?;
//! # std::fs::write(ship.join("down.sql"), "DROP TABLE cabins;")?;
//! # let config = windlass::config::Config {
//! #     target: Target { url: format!("sqlite:{}", database.display()).into(), ..Target::default() },
//! #     catalog: Catalog { path: home.join("migrations"), ..Catalog::default() },
//! #     store: Store { path: home.join("windlass.db") },
//! #     snapshots: windlass::config::Snapshots { path: home.join("snapshots"), ..Default::default() },
//! #     ..Default::default()
//! # };
//! use windlass::{Migrate, Windlass};
//!
//! let windlass = Windlass::open(config)?;
//! assert!(windlass.compatibility().await?.migration_needed);
//!
//! let migrated = windlass.migrate(&Migrate::default()).await?;
//! assert_eq!(migrated.report.migrations.len(), 1);
//! assert!(migrated.compatibility.compatible);
//!
//! assert_eq!(windlass.health().await.exit.code(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here reads arguments or the environment, begins to write logs (what is told goes to `tracing`), waits for signals, or
//! ends the process. `docs/EMBEDDING.md` has a whole application.

mod health;
mod migrate;
mod routes;

use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

pub use self::{
    health::MigrationHealth,
    migrate::{Migrate, MigrateError, Migrated},
    routes::router,
};
use crate::{
    app::{App, OpenError},
    clock::Clock,
    config::Config,
    jobs::Refused,
    lifecycle,
    model::compatibility::Compatibility,
};

/// The page for people, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/EMBEDDING.md")]
struct Page;

/// windlass over the application's database. Cheap to clone; every clone is the same one.
#[derive(Clone)]
pub struct Windlass {
    app: App,
    looking_after: TaskTracker,
}

impl Windlass {
    /// Puts everything together. Touches neither the database nor a file, so that it cannot fail for reasons that pass.
    ///
    /// [`config::load`](crate::config::load) reads the settings from where the command line reads them.
    ///
    /// # Errors
    /// [`OpenError`] for an address of the database, or of the snapshots, that is none.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        Ok(Self { app: App::open(config, Clock::system())?, looking_after: TaskTracker::new() })
    }

    /// Whether application and database can work together now. Only looks, also while a run is at work.
    ///
    /// # Errors
    /// [`Refused`] when catalog or database cannot be read.
    pub async fn compatibility(&self) -> Result<Compatibility, Refused> {
        self.app.enquiry.compatibility().await
    }

    /// Ends what [`router()`] began, a [`Windlass::migrate`] that waits for its turn, and a run that is at work at its next safe edge:
    /// within `server.shutdown_grace`, and what does not come to an edge in time is stopped at the database. From then on no order
    /// is taken, and streams of progress end; so call it before the application waits for its last answers.
    ///
    /// What is left of a run that could not end in time is found and finished by the next one.
    pub async fn stop(&self) {
        let deadline = Instant::now() + self.app.config.server.shutdown_grace;
        self.app.stopping.cancel();
        lifecycle::close_desk(&self.app).await;
        self.looking_after.close();
        let _ = timeout_at(deadline, self.looking_after.wait()).await;
    }
}
