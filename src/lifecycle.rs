//! How the service starts, and how it all stops.
//!
//! The doors are handed in, because this room stands below them: `lifecycle::serve(app, api::doors)`.
//!
//! A stop has three steps within `server.shutdown_grace`: the application is told (`App::stopping`: probes say no, streams
//! end) and the desk asks the running job to come to a safe edge, and stops its statement at the server when it comes to none,
//! while questions are still answered; then nobody new is let in and answers under way are finished; what is left after
//! that is cut.

mod places;
mod tls;

use std::{io, net::SocketAddr, process::ExitCode, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    signal::unix::{self, SignalKind},
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

pub use self::tls::TlsError;
use self::{
    places::{Place, Places, Worked},
    tls::Tls,
};
use crate::app::App;

/// A caller that has not sent a whole request head after this time is let go, an idle one as well.
const HEAD_S_MAX: u64 = 10;

/// The most header fields of a request.
const HEADERS_MAX: usize = 64;

/// The most bytes of a request that are held before somebody reads them, its head among them.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Connections at once. Whoever comes then takes the place of the one that has asked nothing for longest.
const CONNECTIONS_MAX: usize = 1024;

/// `server.shutdown_grace` has so many parts. One is kept for finishing answers once the desk is closed, and one for
/// stopping a statement at the server; what is left is for the running job to come to a safe edge.
const PARTS: u32 = 5;

/// A rest after a connection could not be taken (no file handles left, mostly).
const ACCEPT_REST_MS: u64 = 100;

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
    /// Signals cannot be waited for.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// Who asks, and how; an extension of every request that came over a listener of ours.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The address of the socket.
    pub peer: SocketAddr,
    /// Whether it speaks TLS.
    pub is_private: bool,
}

/// What is behind the listeners.
pub struct Doors {
    /// At `server.listen`.
    pub main: Router,
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

/// Listens at `server.listen` and serves until SIGTERM or SIGINT, or until `app.stopping` is cancelled.
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
    let doors = doors(app.clone());
    let stopping = app.stopping.clone();
    tokio::spawn({
        let app = app.clone();
        async move {
            let looking_after = async {
                app.desk.take_stock().await;
                app.take_care().await;
            };
            app.stopping.run_until_cancelled(looking_after).await
        }
    });
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

async fn listen(address: SocketAddr, setting: &'static str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::Taken { address, setting },
        _ => ServeError::Listen { address, source },
    })
}

/// Serves `doors` at `listener`, in clear text, until `app.stopping` is cancelled and all that was under way is done, or
/// `server.shutdown_grace` has passed since.
pub async fn serve_on(listener: TcpListener, app: App, doors: Router) {
    serve_over(listener, app, doors, None).await;
}

async fn serve_over(listener: TcpListener, app: App, doors: Router, tls: Option<Tls>) {
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
    let house = House::with(doors, tls);
    let accepting = house.accept(listener);
    tokio::pin!(accepting);
    tokio::select! {
        () = &mut accepting => {}
        () = app.stopping.cancelled() => {}
    }
    let grace = app.config.server.shutdown_grace;
    let deadline = Instant::now() + grace;
    // Whoever watches the job that comes to its edge is still answered.
    tokio::select! {
        () = &mut accepting => {}
        _ = app.desk.close(grace / PARTS * (PARTS - 2), grace / PARTS) => {}
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
    let house = House::with(doors, tls);
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

/// Who is inside.
struct House {
    doors: Router,
    tls: Option<Tls>,
    connections: TaskTracker,
    /// Cancelled when answers under way are to be the last.
    closing: CancellationToken,
    /// Cancelled when there is no time left.
    cut: CancellationToken,
}

impl House {
    fn with(doors: Router, tls: Option<Tls>) -> Self {
        let (connections, closing, cut) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        Self { doors, tls, connections, closing, cut }
    }

    /// Lets callers in; never returns.
    async fn accept(&self, listener: TcpListener) {
        let places = Places::of(CONNECTIONS_MAX);
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(place) = places.take().await else { return };
                    let (cut, gone) = (self.cut.clone(), place.gone());
                    let conversation =
                        let_in(stream, peer, self.tls.clone(), self.doors.clone(), self.closing.clone(), place);
                    self.connections.spawn(async move {
                        cut.run_until_cancelled(gone.run_until_cancelled(conversation)).await;
                    });
                }
                Err(error) => {
                    tracing::warn!("a connection could not be taken: {error}");
                    sleep(Duration::from_millis(ACCEPT_REST_MS)).await;
                }
            }
        }
    }

    /// Waits for everybody to be answered and to leave.
    async fn empty(&self, deadline: Instant) {
        self.closing.cancel();
        self.connections.close();
        if timeout_at(deadline, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "no time left: cutting the connections that are open");
            self.cut.cancel();
            self.connections.wait().await;
        }
    }
}

/// Comes to terms with a caller, and answers it until it leaves.
async fn let_in(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Tls>,
    doors: Router,
    closing: CancellationToken,
    place: Place,
) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return converse(stream, Caller { peer, is_private: false }, doors, closing, place).await;
    };
    match closing.run_until_cancelled(tls.shake(stream)).await {
        Some(Ok(stream)) => converse(stream, Caller { peer, is_private: true }, doors, closing, place).await,
        Some(Err(error)) => tracing::debug!(client = %peer, "no TLS came about: {error}"),
        None => {}
    }
}

/// Answers one caller until it leaves.
///
/// HTTP/1.1 only: HTTP/2 ends at a proxy; and what tells the two apart on an open port waits without a limit for the caller's
/// first bytes.
async fn converse<S>(stream: S, caller: Caller, doors: Router, closing: CancellationToken, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begin = place.door();
    let doors = tower::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(caller.peer));
        request.extensions_mut().insert(caller);
        let (work, doors) = (begin(), doors.clone());
        async move {
            let answer = doors.oneshot(request.map(Body::new)).await;
            answer.map(|answer| answer.map(|body| Body::new(Worked::by(work, body))))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_S_MAX))
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(doors));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(client = %caller.peer, "a connection ended early: {error}");
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
