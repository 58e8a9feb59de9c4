//! What the handlers share.

use std::{ops::Deref, sync::Arc};

use arc_swap::Guard;
use axum::extract::FromRef;
use tokio::sync::Semaphore;

use super::{
    guard::Limits,
    press::{Press, Prints},
    stream::STREAMS_MAX,
};
use crate::{
    app::App,
    jobs::{Desk, Enquiry},
};

/// The application, and what the door itself keeps: allowances, places for streams, printed answers.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

/// See [`Front`].
pub struct Inner {
    pub app: App,
    pub(super) limits: Limits,
    pub streams: Arc<Semaphore>,
    press: Press,
}

impl Front {
    pub fn of(app: App) -> Self {
        let limits = Limits::of(&app.config.server);
        let press = Press::of(&app.config, app.health.read());
        Self(Arc::new(Inner { app, limits, streams: Arc::new(Semaphore::new(STREAMS_MAX)), press }))
    }

    /// The public answers, of the newest look at the target.
    pub fn prints(&self) -> Guard<Arc<Prints>> {
        self.press.prints_of(&self.app.health.glance())
    }
}

impl Deref for Front {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRef<Front> for Desk {
    fn from_ref(front: &Front) -> Self {
        front.app.desk.clone()
    }
}

impl FromRef<Front> for Enquiry {
    fn from_ref(front: &Front) -> Self {
        front.app.enquiry.clone()
    }
}
