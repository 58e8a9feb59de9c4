//! What lives long.

use std::sync::Arc;

use crate::{
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
    /// Time.
    pub clock: Clock,
}
