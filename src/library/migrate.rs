//! A run within an application: as `windlass up` does it, by the same desk.

use std::time::Duration;

use semver::Version;
use tokio::time::{Instant, sleep_until};

use super::Windlass;
use crate::{
    app::App,
    cli::account,
    jobs::{Refused, pause},
    model::{
        compatibility::{Compatibility, Standing},
        job::{Job, JobProblem, JobState},
        order::{Door, Order, Requester},
        report::RunReport,
    },
};

/// The longest one wait for a run's end takes; then the next one begins.
const WAIT_S: u64 = 60;

/// How [`Windlass::migrate`] is meant. What is not here is as the settings have it: `policy`, `run`, `snapshots`.
#[derive(Debug, Clone)]
pub struct Migrate {
    /// Tell what would be done, and change nothing. Default: no.
    pub dry_run: bool,
    /// Whether an application that cannot work with the database as it is then is an error; else it is told in
    /// [`Migrated::compatibility`] alone. Default: yes.
    pub fail_on_incompatible: bool,
    /// The application's version, instead of `app.version`.
    pub runtime_version: Option<Version>,
}

impl Default for Migrate {
    fn default() -> Self {
        Self { dry_run: false, fail_on_incompatible: true, runtime_version: None }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Migrated {
    /// What was done, or in a dry run would be done; without migrations where nothing is pending.
    pub report: RunReport,
    /// How application and database stand now.
    pub compatibility: Compatibility,
}

/// Why the database is not as the application needs it.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The run was not begun: the plan says no, something would be lost, another run holds the database for longer than
    /// `run.lock_wait`, or the database cannot be asked. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The run failed.
    #[error("{}: {}; {}; {}", .problem.title, .problem.detail, .problem.target_state, .problem.next_step)]
    Failed {
        /// What went wrong, what state the database is in, and what to do.
        problem: Box<JobProblem>,
        /// What was done before that.
        report: Box<RunReport>,
    },
    /// The run was stopped at a safe edge; the next one goes on.
    #[error("the run is {} before its end; the next one goes on from there", .state.as_str())]
    Stopped {
        /// How it ended.
        state: JobState,
        /// What was done before that.
        report: Box<RunReport>,
    },
    /// Application and database cannot work together, after whatever could be done.
    #[error("application and database cannot work together: {}", .compatibility.reason)]
    Incompatible {
        /// How they stand.
        compatibility: Box<Compatibility>,
        /// What was done.
        report: Box<RunReport>,
    },
}

impl Windlass {
    /// Takes the database to the version that the application requires. Where nothing is pending, nothing is locked or written.
    ///
    /// While another process is at work on it, waits for its turn, as long as `run.lock_wait`: of many that start at once, one
    /// migrates, and the others find nothing left to do. A newer database is left alone. A caller that goes away does not stop
    /// the run; [`Windlass::stop`] does.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn migrate(&self, options: &Migrate) -> Result<Migrated, MigrateError> {
        let app = match &options.runtime_version {
            None => self.app.clone(),
            Some(version) => self.app.of_version(version),
        };
        let before = app.enquiry.compatibility().await?;
        let report = match before.standing {
            Standing::Ahead => left_alone(&before, options.dry_run),
            Standing::Match | Standing::Behind => run(&app, options.dry_run).await?,
        };
        let compatibility = if options.dry_run { before } else { app.enquiry.compatibility().await? };
        let fits = compatibility.compatible || (options.dry_run && compatibility.migration_needed);
        if options.fail_on_incompatible && !fits {
            return Err(MigrateError::Incompatible {
                compatibility: Box::new(compatibility),
                report: Box::new(report),
            });
        }
        Ok(Migrated { report, compatibility })
    }
}

fn left_alone(fit: &Compatibility, dry_run: bool) -> RunReport {
    let version = &fit.actual_db_version;
    RunReport { dry_run, from: version.clone(), to: version.clone(), ..RunReport::default() }
}

async fn run(app: &App, dry_run: bool) -> Result<RunReport, MigrateError> {
    let order = Order::Migrate {
        to: None,
        dry_run,
        snapshot: None,
        validate: true,
        in_doubt: None,
        plan: None,
        accept_loss: None,
    };
    let mut job = submitted(app, order).await?;
    while !job.state.is_final() {
        job = app.desk.wait(job.id, Duration::from_secs(WAIT_S)).await?;
    }
    outcome(job)
}

/// The job, once it is this process's turn.
async fn submitted(app: &App, order: Order) -> Result<Job, Refused> {
    let by = Requester { name: account(), door: Door::Library };
    let deadline = Instant::now() + app.config.run.lock_wait;
    loop {
        match app.desk.submit_if_needed(&by, order.clone()).await {
            Err(Refused::Busy { holder, .. }) if Instant::now() < deadline => {
                tracing::info!("waiting for {holder}");
                turn(app, deadline).await;
                if app.stopping.is_cancelled() {
                    return Err(Refused::Stopping);
                }
            }
            answer => return answer,
        }
    }
}

/// Waits until nobody holds the database, for as long as it may, or until it is to stop.
async fn turn(app: &App, deadline: Instant) {
    let mut watch = app.enquiry.watch_lock();
    let looking = async {
        while Instant::now() < deadline {
            sleep_until(deadline.min(Instant::now() + pause())).await;
            // What cannot be looked at now may be later, until the time is over.
            if let Ok(None) = watch.look().await {
                break;
            }
        }
    };
    app.stopping.run_until_cancelled(looking).await;
    watch.close().await;
}

fn outcome(job: Job) -> Result<RunReport, MigrateError> {
    let report = job.result.and_then(|result| serde_json::from_value(result).ok()).unwrap_or_default();
    match (job.state, job.problem) {
        (JobState::Succeeded, _) => Ok(report),
        (_, Some(problem)) => Err(MigrateError::Failed { problem: Box::new(problem), report: Box::new(report) }),
        (state, None) => Err(MigrateError::Stopped { state, report: Box::new(report) }),
    }
}
