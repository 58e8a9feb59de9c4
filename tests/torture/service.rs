//! The service, as one of several that want the same.

use nix::sys::signal::Signal;

use crate::{
    place::Place,
    program::{Begun, With},
};

/// A service under way.
pub struct Service {
    begun: Begun,
    url: String,
    token: String,
}

impl Service {
    /// Begins `windlass serve`, and waits until it listens.
    pub async fn begins(place: &Place) -> Self {
        let token = place.run(&["token", "--subject", "grace"], With::default()).await;
        let mut begun = place.begin(&["serve"], With::default());
        let url = begun.told("listening on ").await.expect("the service listens");
        Self { begun, url, token: token.stdout.trim().to_owned() }
    }

    /// Begins a command line that asks it for a run.
    pub fn asked(&self, place: &Place) -> Begun {
        place.begin_with(&["up", "--server", &self.url], With::default(), &[("WINDLASS_TOKEN", &self.token)])
    }

    pub fn send(&self, signal: Signal) {
        self.begun.send(signal);
    }

    /// Asks it to end, and waits for that.
    pub async fn ends(self) {
        self.begun.send(Signal::SIGTERM);
        self.begun.ended().await;
    }
}
