//! How the service starts, and how it all stops.
//!
//! The doors are handed in, because this room stands below them: `lifecycle::serve(app, api::doors)`.
//!
//! A stop has three steps within `server.shutdown_grace`: the application is told (`App::stopping`: probes say no, streams
//! end) and the desk asks the running job to come to a safe edge, and stops its statement at the server when it comes to none,
//! while questions are still answered; then nobody new is let in and answers under way are finished; what is left after
//! that is cut.

mod house;
mod neighbourhood;
mod places;
mod tls;

use std::{io, net::SocketAddr, process::ExitCode};

use axum::Router;
use tokio::{
    net::TcpListener,
    signal::unix::{self, SignalKind},
    time::{Instant, sleep_until, timeout_at},
};

use self::{house::House, tls::Tls};
pub use self::{
    house::{AtOnce, Caller, Door, Routes, later},
    neighbourhood::{covers, neighbourhood},
    tls::TlsError,
};
use crate::app::{App, OpenError};

/// `server.shutdown_grace` has so many parts. One is kept for finishing answers once the desk is closed, and one for
/// stopping a statement at the server; what is left is for the running job to come to a safe edge.
const PARTS: u32 = 5;

/// The service did not come up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("{address} is taken: another process listens there; stop it, or set {setting} to another address")]
    Taken {
        /// Where.
        address: SocketAddr,
        /// Which setting says so.
        setting: &'static str,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What is served is not there.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Signals cannot be waited for.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// What is behind the listeners.
pub struct Doors {
    /// At `server.listen`.
    pub main: Door,
    /// At `metrics.listen`, where that is set.
    pub metrics: Router,
}

/// A signal that asks to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// How the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to, and finished what was under way.
    Stopped,
    /// It was asked a second time, and dropped everything. The journal knows how far a run had come.
    Forced(Signal),
}

impl From<Ended> for ExitCode {
    /// 0, or 128 and the number of the signal, as a shell has it.
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Stopped => Self::SUCCESS,
            Ended::Forced(Signal::Interrupt) => Self::from(130),
            Ended::Forced(Signal::Terminate) => Self::from(143),
        }
    }
}

/// Listens at `server.listen`, makes `app` ready ([`App::for_service`]) and serves until SIGTERM or SIGINT, or until `app.stopping` is
/// cancelled. Whoever comes while it is made ready waits, and is not turned away.
///
/// After [`Ended::Forced`] the caller must exit at once: blocking work may still be at it.
///
/// # Errors
/// When the service cannot come up. Nothing was begun then.
pub async fn serve(app: App, doors: impl FnOnce(App) -> Doors) -> Result<Ended, ServeError> {
    let tls = Tls::of(&app.config.server)?;
    let listener = listen(app.config.server.listen, "server.listen").await?;
    let metrics = match app.config.metrics.listen.filter(|_| app.config.metrics.enabled) {
        Some(address) => Some(listen(address, "metrics.listen").await?),
        None => None,
    };
    let mut signals = Signals::install().map_err(ServeError::Signals)?;
    let app = app.for_service().await?;
    let doors = doors(app.clone());
    let stopping = app.stopping.clone();
    tokio::spawn(look_after(app.clone()));
    if let Some(listener) = metrics {
        tokio::spawn(serve_metrics_on(listener, app.clone(), doors.metrics, tls.clone()));
    }
    let serving = serve_over(listener, app, doors.main, tls);
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return Ok(Ended::Stopped),
        signal = signals.next() => {
            tracing::info!("{signal:?} received: stopping; a second signal ends at once");
            stopping.cancel();
        }
    }
    tokio::select! {
        () = serving => Ok(Ended::Stopped),
        signal = signals.next() => {
            tracing::warn!("{signal:?} received again: ending at once");
            Ok(Ended::Forced(signal))
        }
    }
}

/// Seals the audit trail of an earlier release, takes up what an earlier process left, and does what is due for the snapshots, until `app.stopping` is cancelled.
pub async fn look_after(app: App) {
    let looking_after = async {
        app.seal().await;
        app.desk.take_stock().await;
        app.take_care().await;
    };
    app.stopping.run_until_cancelled(looking_after).await;
}

/// Takes no more orders, and brings the job at work to its end within `server.shutdown_grace`. A part of that is left for answers.
pub async fn close_desk(app: &App) {
    let grace = app.config.server.shutdown_grace;
    app.desk.close(grace / PARTS * (PARTS - 2), grace / PARTS).await;
}

async fn listen(address: SocketAddr, setting: &'static str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::Taken { address, setting },
        _ => ServeError::Listen { address, source },
    })
}

/// Serves what is behind `door` at `listener`, in clear text, until `app.stopping` is cancelled and all that was under way is done, or
/// `server.shutdown_grace` has passed since.
pub async fn serve_on(listener: TcpListener, app: App, door: impl Into<Door>) {
    serve_over(listener, app, door.into(), None).await;
}

async fn serve_over(listener: TcpListener, app: App, door: Door, tls: Option<Tls>) {
    if let Ok(address) = listener.local_addr() {
        let scheme = scheme(tls.as_ref());
        tracing::info!(server.listen = %address, "listening on {scheme}://{address}");
    }
    let watching = tokio::spawn({
        let (app, tls) = (app.clone(), tls.clone());
        async move {
            tokio::select! {
                () = app.watch() => {}
                () = keep(tls.as_ref()) => {}
            }
        }
    });
    let house = House::with(door, tls, &app.config.server);
    let accepting = house.accept(listener);
    tokio::pin!(accepting);
    tokio::select! {
        () = &mut accepting => {}
        () = app.stopping.cancelled() => {}
    }
    let deadline = Instant::now() + app.config.server.shutdown_grace;
    // Whoever watches the job that comes to its edge is still answered.
    tokio::select! {
        () = &mut accepting => {}
        () = close_desk(&app) => {}
        () = sleep_until(deadline) => {}
    }
    house.empty(deadline).await;
    let _ = timeout_at(deadline, watching).await;
    tracing::info!("stopped");
}

/// Serves the figures at `listener` until the service stops; nobody there is waited for.
async fn serve_metrics_on(listener: TcpListener, app: App, doors: Router, tls: Option<Tls>) {
    if let Ok(address) = listener.local_addr() {
        let scheme = scheme(tls.as_ref());
        tracing::info!(metrics.listen = %address, "metrics are at {scheme}://{address}/metrics");
    }
    let house = House::with(doors.into(), tls, &app.config.server);
    app.stopping.run_until_cancelled(house.accept(listener)).await;
    house.empty(Instant::now()).await;
}

fn scheme(tls: Option<&Tls>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// Never returns.
async fn keep(tls: Option<&Tls>) {
    match tls {
        Some(tls) => tls.keep().await,
        None => std::future::pending().await,
    }
}

/// The signals that ask to stop.
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}
