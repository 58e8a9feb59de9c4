//! One address that takes all it may.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use windlass::{config::Server, lifecycle};

use super::Door;
use crate::harness::{PATIENCE, eventually};

/// As many as one address may have here.
const EACH_MAX: usize = 8;

const ONE: &str = "127.0.0.1";
const ANOTHER: &str = "127.0.0.2";

/// A service with an answer that waits, and one that does not.
struct Service {
    door: Door,
    address: SocketAddr,
    /// How many are inside.
    inside: Arc<Semaphore>,
    /// Each permit lets one out.
    gate: Arc<Semaphore>,
}

impl Service {
    async fn open(change: impl FnOnce(&mut Server)) -> Self {
        let door = Door::with(|server| {
            server.connections_per_address_max = EACH_MAX;
            change(server);
        });
        let (inside, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (told, opened) = (inside.clone(), gate.clone());
        let slow = move || async move {
            told.add_permits(1);
            opened.acquire().await.unwrap().forget();
            "finished"
        };
        let routes = Router::new().route("/slow", get(slow)).route("/quick", get(|| async { "finished" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(lifecycle::serve_on(listener, door.app.clone(), routes));
        Self { door, address, inside, gate }
    }

    async fn connected_from(&self, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Connections from `from`, each with a request at work.
    async fn at_work(&self, from: &str, count: usize) -> Vec<TcpStream> {
        let mut streams = Vec::new();
        for _ in 0..count {
            let mut stream = self.connected_from(from).await;
            stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            streams.push(stream);
        }
        let all = self.inside.acquire_many(u32::try_from(count).unwrap());
        tokio::time::timeout(PATIENCE, all).await.expect("all of them are at work").unwrap().forget();
        streams
    }

    /// What a new connection from `from` is answered; nothing when it is closed.
    async fn answers(&self, from: &str) -> Option<String> {
        answer(&mut self.connected_from(from).await).await
    }
}

async fn answer(stream: &mut TcpStream) -> Option<String> {
    stream.write_all(b"GET /quick HTTP/1.1\r\nhost: x\r\n\r\n").await.ok()?;
    read(stream).await
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut answer = [0; 4096];
    let length = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer, or an end").ok()?;
    (length > 0).then(|| String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn is_finished(answer: Option<String>) -> bool {
    answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"))
}

/// Goal: who has all that it may and works with it is given no more, and keeps nobody else out; what it gives back it has again.
#[tokio::test]
async fn an_address_that_takes_all_it_may_keeps_no_other_out() {
    let service = Service::open(|_| {}).await;
    let mut working = service.at_work(ONE, EACH_MAX).await;

    for _ in 0..3 {
        assert_eq!(service.answers(ONE).await, None, "one more is closed");
    }
    assert!(is_finished(service.answers(ANOTHER).await), "another is answered");

    service.gate.add_permits(EACH_MAX);
    for stream in &mut working {
        assert!(is_finished(read(stream).await), "none of those at work was let go");
    }
    drop(working);
    eventually("the places come back", async || is_finished(service.answers(ONE).await).then_some(())).await;
    let again = service.at_work(ONE, EACH_MAX).await;
    assert_eq!(again.len(), EACH_MAX);
    service.door.app.stopping.cancel();
}

/// Goal: connections that ask nothing give way to one of their own address, the longest idle one first, and to no other's.
#[tokio::test]
async fn an_idle_connection_gives_way_to_one_of_its_own_address() {
    let service = Service::open(|_| {}).await;
    let mut neighbour = service.connected_from(ANOTHER).await;
    assert!(is_finished(answer(&mut neighbour).await));
    let mut idle = Vec::new();
    for _ in 0..EACH_MAX {
        let mut stream = service.connected_from(ONE).await;
        assert!(is_finished(answer(&mut stream).await));
        idle.push(stream);
    }

    for _ in 0..2 {
        assert!(is_finished(service.answers(ONE).await), "one more is answered");
    }

    assert_eq!(read(&mut idle[0]).await, None, "the one that was idle for longest is gone");
    assert!(is_finished(answer(idle.last_mut().unwrap()).await), "another is there");
    assert!(is_finished(answer(&mut neighbour).await), "the neighbour's is there");
    service.door.app.stopping.cancel();
}

/// Goal: behind a proxy are many, and whom no limit applies to has none here either.
#[tokio::test]
async fn proxies_and_exempt_networks_are_not_counted() {
    let network = || vec!["127.0.0.1/32".parse().unwrap()];
    let proxy = Service::open(|server| server.trusted_proxies = network()).await;
    let exempt = Service::open(|server| server.rate_limit_exempt = network()).await;
    for service in [proxy, exempt] {
        let _working = service.at_work(ONE, EACH_MAX * 2).await;
        assert!(is_finished(service.answers(ONE).await), "one more is answered");
        let _working = service.at_work(ANOTHER, EACH_MAX).await;
        assert_eq!(service.answers(ANOTHER).await, None, "everybody else is counted");
        service.door.app.stopping.cancel();
    }
}
