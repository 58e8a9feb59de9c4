//! What lives long.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    auth::Keys,
    clock::Clock,
    config::Config,
    jobs::{Desk, Enquiry},
    monitor::HealthBoard,
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
