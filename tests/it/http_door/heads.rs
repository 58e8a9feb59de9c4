//! Heads of requests: how long they may take, and how much may be in them.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{interval, timeout},
};
use windlass::{api, lifecycle};

use super::Door;
use crate::harness::PATIENCE;

const ASKS: &[u8] = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
/// Nobody is let go earlier.
const AT_LEAST: Duration = Duration::from_secs(9);
/// What goes on for so long is not let go for its age.
const MEANWHILE: Duration = Duration::from_secs(14);

/// Sends a piece each second until it is let go; after how long.
async fn let_go_after(address: SocketAddr, first: &[u8], pieces: impl Iterator<Item = &[u8]>) -> Duration {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(first).await.unwrap();
    let (mut reads, mut writes) = stream.split();
    let sends = async {
        let mut seconds = interval(Duration::from_secs(1));
        for piece in pieces {
            seconds.tick().await;
            let _ = writes.write_all(piece).await;
        }
        std::future::pending::<()>().await;
    };
    let ends = async {
        let mut answer = [0; 4096];
        while reads.read(&mut answer).await.is_ok_and(|count| count > 0) {}
    };
    tokio::select! {
        () = sends => {}
        ended = timeout(PATIENCE, ends) => ended.expect("it is let go"),
    }
    began.elapsed()
}

/// Goal: who asks nothing whole for ten seconds does not keep a place, and whoever asks does. Method: one that says nothing, one that
/// sends its head letter by letter, one that asks once and no more; beside them one that asks each second for longer than that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_too_long_for_a_request_is_let_go() {
    let door = Door::open();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), api::router(door.app.clone())));
    let letters = b"GET /livez HTTP/1.1\r\nx: ".chunks(1).chain(std::iter::repeat(&b"y"[..]));

    let patient = async {
        let (began, mut seconds) = (Instant::now(), interval(Duration::from_secs(1)));
        let mut stream = TcpStream::connect(address).await.unwrap();
        while began.elapsed() < MEANWHILE {
            seconds.tick().await;
            stream.write_all(ASKS).await.expect("it is inside");
            let mut answer = [0; 4096];
            let count = stream.read(&mut answer).await.expect("it is inside");
            assert!(answer[..count].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..count]));
        }
    };
    let (silent, trickling, resting, ()) = tokio::join!(
        let_go_after(address, b"", std::iter::empty()),
        let_go_after(address, b"", letters),
        let_go_after(address, ASKS, std::iter::empty()),
        patient,
    );

    for (who, time) in [("says nothing", silent), ("sends letters", trickling), ("asked once", resting)] {
        assert!(time >= AT_LEAST, "who {who} was let go after {time:?}");
    }
    door.app.stopping.cancel();
}

/// Goal: nobody fills the memory with header fields. Method: as many as are allowed, one more, and one that is too large.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_too_large_is_refused() {
    const FIELDS_MAX: usize = 100;
    let door = Door::open();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), api::router(door.app.clone())));
    let asked = async |fields: String| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n");
        // It may be refused before all of it is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).await.unwrap_or_default();
        String::from_utf8_lossy(&answer[..count]).into_owned()
    };
    let fields = |count| "x: y\r\n".repeat(count);

    assert!(asked(fields(FIELDS_MAX - 2)).await.starts_with("HTTP/1.1 200"));
    assert!(asked(fields(FIELDS_MAX - 1)).await.starts_with("HTTP/1.1 431"));
    let large = asked(format!("x: {}\r\n", "y".repeat(200_000))).await;
    assert!(large.is_empty() || large.starts_with("HTTP/1.1 431"), "{large}");
    door.app.stopping.cancel();
}
