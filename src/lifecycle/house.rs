//! Whoever is let in at a listener, until it leaves.

use std::{
    convert::Infallible,
    future::{Future, ready},
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::ConnectInfo,
    http::request::Parts,
    response::Response,
};
use futures_util::future::{Abortable, Either};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout_at},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{
    neighbourhood::{covers, neighbourhood},
    places::{Place, Places, Worked},
    tls::Tls,
};
use crate::config::Server;

/// A caller that has not sent a whole request head after this time is let go, an idle one as well.
const HEAD_S_MAX: u64 = 10;

/// A caller that takes in nothing of its answer for this time is let go, so that its place is free again.
const WRITE_S_MAX: u64 = 30;

/// The most bytes of a request that are held before somebody reads them, its head among them.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Connections at once. Whoever comes then takes the place of the one that has asked nothing for longest.
const CONNECTIONS_MAX: usize = 1024;

/// A rest after a connection could not be taken (no file handles left, mostly).
const ACCEPT_REST_MS: u64 = 100;

/// Who asks, and how; an extension of every request that came over a listener of ours.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The address of the socket.
    pub peer: SocketAddr,
    /// Whether it speaks TLS.
    pub is_private: bool,
}

/// An answer that lies ready for a request without a body; `None`: it is for the routes.
pub type AtOnce = Arc<dyn Fn(Caller, &Parts) -> Option<Response> + Send + Sync>;

/// What is behind a listener.
#[derive(Clone)]
pub struct Door {
    /// Asked first.
    pub at_once: Option<AtOnce>,
    /// Everything else.
    pub routes: Routes,
}

/// Routes that are put together when somebody asks for one of them.
pub type Routes = Arc<LazyLock<Router, Box<dyn FnOnce() -> Router + Send>>>;

impl From<Router> for Door {
    fn from(routes: Router) -> Self {
        Self { at_once: None, routes: later(move || routes) }
    }
}

/// What puts the routes together, for when they are asked for.
pub fn later(routes: impl FnOnce() -> Router + Send + 'static) -> Routes {
    Arc::new(LazyLock::new(Box::new(routes)))
}

/// Who is inside.
pub(super) struct House {
    door: Door,
    tls: Option<Tls>,
    places: Places,
    /// Networks whose addresses may have any number: behind a proxy are many, and some are exempt.
    uncounted: Vec<IpNet>,
    connections: TaskTracker,
    /// Cancelled when answers under way are to be the last.
    closing: CancellationToken,
}

impl House {
    pub fn with(door: Door, tls: Option<Tls>, settings: &Server) -> Self {
        let places = Places::of(CONNECTIONS_MAX, settings.connections_per_address_max);
        let uncounted = [settings.trusted_proxies.as_slice(), &settings.rate_limit_exempt].concat();
        let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
        Self { door, tls, places, uncounted, connections, closing }
    }

    /// Whose places are counted together; `None`: nobody's.
    fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        (!covers(&self.uncounted, peer.to_canonical())).then(|| neighbourhood(peer))
    }

    /// Lets callers in; never returns.
    pub async fn accept(&self, listener: TcpListener) {
        tokio::select! {
            () = self.seat(listener) => {}
            () = self.places.let_the_slow_go(Duration::from_secs(HEAD_S_MAX)) => {}
        }
    }

    async fn seat(&self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let Some((place, until_gone)) = self.places.take(self.counted(peer.ip())).await else {
                        tracing::debug!(client = %peer, "a connection was not taken: its address has all that it may");
                        continue;
                    };
                    // A token of its own: to ask one is to take its lock, which all connections would share.
                    let closing = self.closing.child_token();
                    let conversation = let_in(stream, peer, self.tls.clone(), self.door.clone(), closing, place);
                    self.connections.spawn(Abortable::new(conversation, until_gone));
                }
                Err(error) => {
                    tracing::warn!("a connection could not be taken: {error}");
                    sleep(Duration::from_millis(ACCEPT_REST_MS)).await;
                }
            }
        }
    }

    /// Waits for everybody to be answered and to leave.
    pub async fn empty(&self, deadline: Instant) {
        self.closing.cancel();
        self.connections.close();
        if timeout_at(deadline, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "no time left: cutting the connections that are open");
            self.places.let_all_go();
            self.connections.wait().await;
        }
    }
}

/// Comes to terms with a caller, and answers it until it leaves.
async fn let_in(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Tls>,
    door: Door,
    closing: CancellationToken,
    place: Place,
) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return Box::pin(converse(stream, Caller { peer, is_private: false }, door, closing, place)).await;
    };
    match closing.run_until_cancelled(Box::pin(tls.shake(stream))).await {
        Some(Ok(stream)) => Box::pin(converse(stream, Caller { peer, is_private: true }, door, closing, place)).await,
        Some(Err(error)) => tracing::debug!(client = %peer, "no TLS came about: {error}"),
        None => {}
    }
}

/// Answers one caller until it leaves.
///
/// HTTP/1.1 only: HTTP/2 ends at a proxy; and what tells the two apart on an open port waits without a limit for the caller's
/// first bytes.
async fn converse<S>(stream: S, caller: Caller, door: Door, closing: CancellationToken, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begin = place.door();
    let answers = service_fn(move |request: Request<Incoming>| {
        let (work, answer) = (begin(), answer(&door, caller, request));
        async move { answer.await.map(|answer| answer.map(|body| Worked::by(work, body))) }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_secs(WRITE_S_MAX)));
    // No more than a hundred header fields are read, hyper's own bound: to set another one costs every request. An answer goes out
    // in one piece, which costs the kernel less than two.
    let connection = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .writev(false)
        .serve_connection(TokioIo::new(Box::pin(stream)), answers);
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

/// The answer to one request.
fn answer(
    door: &Door,
    caller: Caller,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response, Infallible>> + use<> {
    let (mut parts, body) = request.into_parts();
    let at_once = door.at_once.as_ref().filter(|_| body.is_end_stream()).and_then(|at_once| at_once(caller, &parts));
    if let Some(response) = at_once {
        return Either::Left(ready(Ok(response)));
    }
    parts.extensions.insert(ConnectInfo(caller.peer));
    parts.extensions.insert(caller);
    Either::Right(Router::clone(&door.routes).oneshot(Request::from_parts(parts, Body::new(body))))
}
