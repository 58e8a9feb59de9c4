//! A service, as one of several that want the same.

use nix::sys::signal::Signal;

use crate::{
    place::Place,
    program::{Begun, With},
};

/// A service under way.
pub struct Service {
    begun: Begun,
    nth: usize,
    store: String,
    url: String,
    token: String,
}

impl Service {
    /// Begins `windlass serve`, and waits until it listens; none when it ends instead, as its session was taken away. Each
    /// replica has a store of its own; the first shares that of the command lines, as on one machine.
    pub async fn begins(place: &Place, nth: usize) -> Option<Self> {
        let name = if nth == 0 { "windlass.db".to_owned() } else { format!("replica-{nth}/windlass.db") };
        let store = place.database.folder.path().join(name).display().to_string();
        let with = [("WINDLASS__STORE__PATH", store.as_str())];
        let token = place.begin_with(&["token", "--subject", "grace"], With::default(), &with).ended().await;
        let mut begun = place.begin_with(&["serve"], With::default(), &with);
        let url = begun.told("listening on ").await?;
        Some(Self { begun, nth, store, url, token: token.stdout.trim().to_owned() })
    }

    /// Kills it, and begins another on its store; whether that one listens.
    pub async fn is_replaced(&mut self, place: &Place) -> bool {
        self.send(Signal::SIGKILL);
        match Self::begins(place, self.nth).await {
            Some(next) => {
                *self = next;
                true
            }
            None => false,
        }
    }

    /// Begins a command line that asks it for a run.
    pub fn asked(&self, place: &Place) -> Begun {
        let with = [("WINDLASS_TOKEN", self.token.as_str()), ("WINDLASS__STORE__PATH", self.store.as_str())];
        place.begin_with(&["up", "--server", &self.url], With::default(), &with)
    }

    pub fn send(&self, signal: Signal) {
        self.begun.send(signal);
    }

    /// Asks it to end, and waits for that; tells where it does not.
    pub async fn ends(self) -> Option<String> {
        self.begun.send(Signal::SIGTERM);
        let said = self.begun.ended().await;
        said.hung.then_some(said.stderr)
    }
}
