//! A way to a server that a test can cut, or let everything vanish on.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, watch},
    task::JoinHandle,
};

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Every connection ends.
    Cut,
    /// Connections stay, and nothing comes through any more, in either direction.
    Hole,
}

/// Passes on every connection to a server while it is open.
pub struct Proxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    dropped: Arc<Notify>,
    passed: Arc<AtomicUsize>,
    ends_at: Arc<Mutex<Option<String>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (way, seen) = watch::channel(Way::Open);
        let passed = Arc::<AtomicUsize>::default();
        let dropped = Arc::<Notify>::default();
        let ends_at = Arc::<Mutex<Option<String>>>::default();
        let (counted, dropping, ending) = (passed.clone(), dropped.clone(), ends_at.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                if *seen.borrow() != Way::Cut {
                    let (counted, ending) = (counted.clone(), ending.clone());
                    tokio::spawn(pass_on(caller, server.clone(), seen.clone(), dropping.clone(), counted, ending));
                }
            }
        });
        Self { address, way, dropped, passed, ends_at, accepting }
    }

    /// How many bytes were sent either way so far.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// Cuts every connection, and lets none through.
    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    /// Ends every connection that there is, and lets others through.
    pub fn drops(&self) {
        self.dropped.notify_waiters();
    }

    /// From now on a connection ends where a caller sends this word, which the server does not hear.
    pub fn ends_at(&self, word: &str) {
        *self.ends_at.lock().expect("the word") = Some(word.to_owned());
    }

    /// Lets everything vanish that is sent, without a word to anybody.
    pub fn swallow(&self) {
        self.way.send_replace(Way::Hole);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn pass_on(
    caller: TcpStream,
    server: String,
    mut way: watch::Receiver<Way>,
    dropped: Arc<Notify>,
    passed: Arc<AtomicUsize>,
    ends_at: Arc<Mutex<Option<String>>>,
) {
    let is_end = |piece: &[u8]| {
        let word = ends_at.lock().expect("the word");
        word.as_ref().is_some_and(|word| piece.windows(word.len()).any(|part| part == word.as_bytes()))
    };
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((from_caller, to_caller), (from_server, to_server)) = (caller.into_split(), server.into_split());
    tokio::select! {
        () = one_way(from_caller, to_server, way.clone(), &passed, is_end) => {}
        () = one_way(from_server, to_caller, way.clone(), &passed, |_| false) => {}
        _ = way.wait_for(|way| *way == Way::Cut) => {}
        () = dropped.notified() => {}
    }
}

async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    passed: &AtomicUsize,
    is_end: impl Fn(&[u8]) -> bool,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        passed.fetch_add(length, Ordering::SeqCst);
        if is_end(&piece[..length]) {
            return;
        }
        if way.wait_for(|way| *way != Way::Hole).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    // An end is not heard either.
    let _ = way.wait_for(|way| *way != Way::Hole).await;
}
