//! The signals that a person, or an orchestrator, stops a command with.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask to stop; without any where they cannot be listened to.
pub(super) struct Signals(Vec<Signal>);

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub fn listen() -> Self {
        Self(
            [SignalKind::interrupt(), SignalKind::terminate()]
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        )
    }

    /// The next one.
    pub async fn next(&mut self) {
        match self.0.as_mut_slice() {
            [first, second] => tokio::select! { _ = first.recv() => {} _ = second.recv() => {} },
            [only] => drop(only.recv().await),
            _ => std::future::pending().await,
        }
    }
}
