//! How the service comes up and goes down, over real sockets.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use windlass::{
    api,
    lifecycle::{self, ServeError},
};

use super::Door;

/// Longer than anything here takes; a test that needs it fails.
const PATIENCE: Duration = Duration::from_secs(20);

async fn serving(door: &Door, doors: Router) -> (std::net::SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), doors)))
}

/// A route that tells when a request is inside, and holds it until the gate opens.
fn held(inside: &Arc<Notify>, gate: &Arc<Notify>) -> Router {
    let (inside, gate) = (inside.clone(), gate.clone());
    let slow = move || async move {
        inside.notify_one();
        gate.notified().await;
        "finished"
    };
    Router::new().route("/slow", get(slow))
}

async fn must_end(service: JoinHandle<()>) {
    timeout(PATIENCE, service).await.expect("the service must end").unwrap();
}

/// Sends `request` on a connection of its own, and reads until the other side closes it.
async fn talk(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_as_such() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let door = Door::with(|server| server.listen = address);

    let error = lifecycle::serve(door.app.clone(), api::doors).await.unwrap_err();

    assert!(matches!(error, ServeError::Taken { .. }));
    assert!(error.to_string().contains(&address.to_string()) && error.to_string().contains("server.listen"));
}

#[tokio::test]
async fn a_service_without_callers_stops_at_once() {
    let door = Door::open();
    let (address, service) = serving(&door, door.router.clone()).await;
    let answer = talk(address, "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok"), "{answer}");

    door.app.stopping.cancel();

    must_end(service).await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

/// Goal: a stop lets an answer under way be finished. Method: hold one open, ask for the stop, let it go.
#[tokio::test]
async fn an_answer_under_way_is_finished() {
    let door = Door::open();
    let (inside, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = held(&inside, &gate);
    let (address, service) = serving(&door, slow).await;
    let answer = tokio::spawn(async move { talk(address, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await });
    inside.notified().await;

    door.app.stopping.cancel();
    gate.notify_one();

    assert!(answer.await.unwrap().ends_with("finished"));
    must_end(service).await;
}

/// Goal: nobody holds the service up for longer than the grace.
#[tokio::test]
async fn an_answer_that_never_comes_is_cut_when_the_grace_is_over() {
    let door = Door::with(|server| server.shutdown_grace = Duration::from_millis(50));
    let inside = Arc::new(Notify::new());
    let (address, service) = serving(&door, held(&inside, &Arc::new(Notify::new()))).await;
    let caller = tokio::spawn(async move { talk(address, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await });
    inside.notified().await;

    door.app.stopping.cancel();

    must_end(service).await;
    assert_eq!(caller.await.unwrap(), "");
}

/// Goal: the 413 is seen by a caller that is still sending, and not a broken pipe instead.
#[tokio::test]
async fn a_caller_sees_that_its_body_was_too_large() {
    let door = Door::open();
    let (address, service) = serving(&door, door.router.clone()).await;
    let body = "x".repeat(512 * 1024);
    let head =
        format!("POST /api/migration/start HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}", body.len());

    let sent = talk(address, &format!("{head}\r\n\r\n{body}")).await;
    let asked_first = talk(address, &format!("{head}\r\nExpect: 100-continue\r\n\r\n")).await;

    for answer in [sent, asked_first] {
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("urn:windlass:problem:body-too-large"), "{answer}");
    }
    door.app.stopping.cancel();
    must_end(service).await;
}

/// Goal: a request whose length is told twice in different ways is refused, whatever follows it.
#[tokio::test]
async fn ambiguous_lengths_are_refused() {
    let door = Door::open();
    let (address, service) = serving(&door, door.router.clone()).await;
    let cases = ["Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 1x\r\n", "Transfer-Encoding: gzip\r\n"];
    for lengths in cases {
        let answer = talk(address, &format!("POST /livez HTTP/1.1\r\nHost: a\r\n{lengths}\r\nhello!")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths}: {answer}");
    }
    door.app.stopping.cancel();
    must_end(service).await;
}
