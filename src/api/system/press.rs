//! Prints the public answers once for each sample.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::http::StatusCode;
use serde_json::Value;

use super::version::{Backend, VersionDocument};
use crate::{
    api::conditional::Printed,
    model::health::{Health, HealthStatus},
    monitor::Sample,
};

/// What changes from one look at the target to the next although nothing happened.
const TIMES: [&str; 2] = ["checked_at", "timestamp"];

/// The newest prints.
#[derive(Default)]
pub struct Press(ArcSwapOption<Prints>);

/// The answers that were made of one sample.
pub struct Prints {
    /// Kept, so that no other sample can come to lie at its address.
    sample: Arc<Sample>,
    /// `GET /api/system/health`.
    pub health: Printed,
    /// `GET /api/system/version`.
    pub version: Printed,
}

impl Press {
    /// The prints of `sample`; made anew only when it is another one than the last time.
    pub fn prints_of(&self, sample: Arc<Sample>) -> Arc<Prints> {
        if let Some(prints) = self.0.load_full().filter(|prints| Arc::ptr_eq(&prints.sample, &sample)) {
            return prints;
        }
        let prints = Arc::new(Prints { health: health(&sample), version: version(&sample), sample });
        self.0.store(Some(Arc::clone(&prints)));
        prints
    }
}

fn health(sample: &Sample) -> Printed {
    // The answer was made when the target was looked at, and tells nobody who asked for a migration.
    let mut answer = Health { timestamp: sample.health.checked_at, ..sample.health.clone() };
    if let Some(last) = &mut answer.last_migration {
        last.applied_by = None;
    }
    let status = match (sample.reachable, answer.status) {
        (false, _) => StatusCode::SERVICE_UNAVAILABLE,
        (true, HealthStatus::Error) => StatusCode::INTERNAL_SERVER_ERROR,
        (true, HealthStatus::Ok | HealthStatus::Warning) => StatusCode::OK,
    };
    let mut essence = serde_json::to_value(&answer).unwrap_or_default();
    if let Value::Object(fields) = &mut essence {
        fields.retain(|name, _| !TIMES.contains(&name.as_str()));
    }
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    Printed::of(status, "application/json", body, essence.to_string().as_bytes())
}

fn version(sample: &Sample) -> Printed {
    let answer = VersionDocument::of(Backend::of(&sample.health.backend_version), &sample.version);
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    Printed::of(StatusCode::OK, "application/json", body.clone(), &body)
}
