//! Prints the public answers once for each sample.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use axum::http::{HeaderMap, StatusCode};
use chrono::DateTime;

use crate::{
    api::{
        conditional::Printed,
        guard::FROM_ANYWHERE,
        headers,
        health::{application::ApplicationHealth, database::DatabaseHealth, migrations::MigrationsHealth},
        system::version::{Backend, VersionDocument},
    },
    config::Config,
    model::health::{Health, HealthStatus},
    monitor::Sample,
    web,
};

/// The newest prints.
pub struct Press {
    environment: Option<String>,
    /// What every answer that is polled carries.
    headers: HeaderMap,
    newest: ArcSwap<Prints>,
}

/// The answers that were made of one sample.
pub struct Prints {
    /// Kept, so that no other sample can come to lie at its address.
    sample: Arc<Sample>,
    /// `GET /api/system/health`.
    pub health: Printed,
    /// `GET /api/system/version`.
    pub version: Printed,
    /// `GET /api/health`.
    pub application_health: Printed,
    /// `GET /api/health/database`.
    pub database_health: Printed,
    /// `GET /api/health/migrations`.
    pub migrations_health: Printed,
    /// `GET /`.
    pub page: Printed,
}

impl Press {
    /// A press that has printed this sample.
    pub fn of(config: &Config, sample: Arc<Sample>) -> Self {
        let environment = config.app.environment.clone();
        let mut headers = headers::of_all(config);
        headers.extend(FROM_ANYWHERE);
        let newest = ArcSwap::from_pointee(Prints::of(sample, environment.as_deref(), &headers));
        Self { environment, headers, newest }
    }

    /// The prints of `sample`; made anew only when it is another one than the last time.
    pub fn prints_of(&self, sample: &Arc<Sample>) -> Guard<Arc<Prints>> {
        let newest = self.newest.load();
        if Arc::ptr_eq(&newest.sample, sample) {
            return newest;
        }
        let prints = Arc::new(Prints::of(Arc::clone(sample), self.environment.as_deref(), &self.headers));
        self.newest.store(Arc::clone(&prints));
        Guard::from_inner(prints)
    }
}

impl Prints {
    fn of(sample: Arc<Sample>, environment: Option<&str>, headers: &HeaderMap) -> Self {
        Self {
            health: health(&sample).with(headers),
            version: version(&sample).with(headers),
            application_health: ApplicationHealth::print(&sample, environment).with(headers),
            database_health: DatabaseHealth::print(&sample).with(headers),
            migrations_health: MigrationsHealth::print(&sample).with(headers),
            page: page(&sample, environment),
            sample,
        }
    }
}

/// The status that goes with a whole look at the target.
pub fn status_of(sample: &Sample) -> StatusCode {
    match (sample.is_reachable(), sample.health.status) {
        (false, _) => StatusCode::SERVICE_UNAVAILABLE,
        (true, HealthStatus::Error) => StatusCode::INTERNAL_SERVER_ERROR,
        (true, HealthStatus::Ok | HealthStatus::Warning) => StatusCode::OK,
    }
}

fn health(sample: &Sample) -> Printed {
    // The answer was made when the target was looked at, and tells nobody who asked for a migration.
    let mut answer = Health { timestamp: sample.health.checked_at, ..sample.health.clone() };
    if let Some(last) = &mut answer.last_migration {
        last.applied_by = None;
    }
    let essence = Health { checked_at: DateTime::UNIX_EPOCH, timestamp: DateTime::UNIX_EPOCH, ..answer.clone() };
    Printed::json(status_of(sample), &answer, &essence)
}

fn version(sample: &Sample) -> Printed {
    let answer = VersionDocument::of(Backend::of(&sample.health.backend_version), &sample.version);
    Printed::json(StatusCode::OK, &answer, &answer)
}

/// Its times are told to the minute, so that it is the same page for as long as nothing happens within one.
fn page(sample: &Sample, environment: Option<&str>) -> Printed {
    Printed::file("text/html; charset=utf-8", web::page(sample, environment))
}
