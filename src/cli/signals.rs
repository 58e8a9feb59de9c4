//! The signals that a person, or an orchestrator, stops a command with.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that asks to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// SIGINT: a person.
    Interrupt,
    /// SIGTERM: an orchestrator.
    Terminate,
}

impl Asked {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// The signals that ask to stop; without any where they cannot be listened to.
pub(super) struct Signals(Option<[Signal; 2]>);

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub fn listen() -> Self {
        let both = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        Self(match both {
            [Ok(interrupt), Ok(terminate)] => Some([interrupt, terminate]),
            _ => None,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Asked {
        match &mut self.0 {
            Some([interrupt, terminate]) => tokio::select! {
                _ = interrupt.recv() => Asked::Interrupt,
                _ = terminate.recv() => Asked::Terminate,
            },
            None => std::future::pending().await,
        }
    }
}
