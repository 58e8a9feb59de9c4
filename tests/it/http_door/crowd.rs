//! Many who come and say nothing, or pretend to be many.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use windlass::{api, lifecycle};

use super::{Door, request};
use crate::harness::{PATIENCE, eventually};

/// Sockets that are opened and tell nothing, or only the beginning of a request.
const SILENT: usize = 2_000;
/// The files that a test process may need: both ends of all sockets of both crowds, and whatever else is tested meanwhile.
const FILES_NEEDED: u64 = 12_000;

/// Fails with what to do, and not by whichever file comes last.
fn files_must_suffice() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a line of its own");
    let soft = line.split_whitespace().next().unwrap();
    let suffices = soft == "unlimited" || soft.parse::<u64>().unwrap() >= FILES_NEEDED;
    assert!(suffices, "{soft} open files are too few: run ./test, or ulimit -S -n {FILES_NEEDED} before cargo test");
}

async fn health(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /api/system/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Goal: a crowd in the door keeps nobody out. Method: more silent sockets than there are places, half of them in the middle of a
/// request's head; then two hundred callers who ask for health, each on a connection of its own, and one who keeps its.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_half_open_sockets_do_not_slow_health() {
    files_must_suffice();
    let door = Door::with(|server| server.rate_limit_exempt = vec!["127.0.0.1/32".parse().unwrap()]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), api::router(door.app.clone())));
    let mut silent = Vec::new();
    for n in 0..SILENT {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if n % 2 == 0 {
            let _ = stream.write_all(b"GET /api/system/health HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
        }
        silent.push(stream);
    }

    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = health(&mut stream).await;
        times.push(began.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    times.sort();
    eprintln!("health with {SILENT} silent sockets: median {:?}, 99 % {:?}", times[100], times[198]);
    assert!(times[198] < Duration::from_millis(100), "{:?}", times[198]);
    drop(silent);
    door.app.stopping.cancel();
    tokio::time::timeout(Duration::from_secs(30), service).await.expect("it ends").unwrap();
}

/// Goal: a connection at work is not let go for one that comes. Method: a stream that goes on, then more silent sockets than
/// there are places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_at_work_keeps_its_place() {
    files_must_suffice();
    let (inside, gate) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let door = Door::with(|server| server.rate_limit_exempt = vec!["127.0.0.1/32".parse().unwrap()]);
    let (told, opened) = (inside.clone(), gate.clone());
    let slow = move || async move {
        told.notify_one();
        opened.notified().await;
        "finished"
    };
    let doors = axum::Router::new().route("/slow", axum::routing::get(slow));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), doors));
    let mut asks = TcpStream::connect(address).await.unwrap();
    asks.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    inside.notified().await;

    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // There is no room any more once the first of them has to go.
    let let_go = tokio::time::timeout(PATIENCE, silent[0].read(&mut [0])).await.expect("the first one is let go");
    assert!(matches!(let_go, Ok(0) | Err(_)), "{let_go:?}");
    gate.notify_one();

    let mut answer = String::new();
    asks.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("finished"), "{answer}");
    door.app.stopping.cancel();
}

/// Whether the kernel still has an open connection from `near` to `far`, both on this machine.
fn is_open(near: SocketAddr, far: SocketAddr) -> bool {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next().unwrap_or_default(), 16).ok();
    table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ports = fields.get(1..3).map(|ends| (port(ends[0]), port(ends[1])));
        ports == Some((Some(near.port()), Some(far.port()))) && fields.get(3) == Some(&ESTABLISHED)
    })
}

/// Goal: who takes in nothing of an answer does not keep a place for ever. Method: an answer without an end, of which one caller
/// reads nothing and another one all the time; the first is let go, the second is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_does_not_read_is_let_go() {
    let door = Door::open();
    let endless = || async {
        let chunk = axum::body::Bytes::from(vec![b'x'; 64 * 1024]);
        axum::body::Body::from_stream(futures_util::stream::repeat(Ok::<_, std::convert::Infallible>(chunk)))
    };
    let doors = axum::Router::new().route("/endless", axum::routing::get(endless));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), doors));
    let mut callers = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        callers.push(stream);
    }
    let (mut reads, lazy) = (callers.remove(0), callers.remove(0));
    let (reader, idler) = (reads.local_addr().unwrap(), lazy.local_addr().unwrap());
    let reading = tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while reads.read(&mut bytes).await.is_ok_and(|count| count > 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    eventually("it is let go", async || (!is_open(address, idler)).then_some(())).await;

    assert!(is_open(address, reader), "who reads is not let go");
    reading.abort();
    door.app.stopping.cancel();
}

/// Goal: nobody gets more by pretending to be many. Method: a thousand forged headers of every kind from one address, and a
/// whole /64, address by address.
#[tokio::test]
async fn a_thousand_forged_headers_and_a_whole_network_raise_no_rate() {
    const BURST: u32 = 5;
    let open = || Door::with(|server| server.rate_limit_burst = BURST);
    let health = || request(Method::GET, "/api/system/health");
    let passed =
        |statuses: &[StatusCode]| u32::try_from(statuses.iter().filter(|status| status.is_success()).count()).unwrap();

    let (door, began, mut statuses) = (open(), Instant::now(), Vec::new());
    for n in 0..1_000 {
        let forged = format!("198.51.{}.{}", n / 250, n % 250);
        let request = health()
            .header("x-forwarded-for", format!("{forged}, {forged}"))
            .header("x-forwarded-for", &forged)
            .header("x-real-ip", &forged)
            .header("x-client-ip", &forged)
            .header("cf-connecting-ip", &forged)
            .header("true-client-ip", &forged)
            .header("forwarded", format!("for={forged};by=10.0.0.1"));
        statuses.push(door.ask_from("192.0.2.1", request).await.status);
    }
    let allowed = BURST + u32::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!((BURST..=allowed).contains(&passed(&statuses)), "{} of 1000", passed(&statuses));

    let (door, began, mut statuses) = (open(), Instant::now(), Vec::new());
    for n in 0..1_000_u32 {
        let address = format!("2001:db8:1:2:{:x}:{:x}:{:x}:{:x}", n % 7, n * 31 % 65_536, n, n % 13);
        statuses.push(door.ask_from(&address, health()).await.status);
    }
    let allowed = BURST + u32::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!((BURST..=allowed).contains(&passed(&statuses)), "{} of 1000", passed(&statuses));
    assert!(door.ask_from("2001:db8:1:3::1", health()).await.status.is_success(), "the next network has its own");
}
