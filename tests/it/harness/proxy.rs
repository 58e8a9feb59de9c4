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
    counts: Arc<Counts>,
    ends_at: Arc<Mutex<Option<String>>>,
    accepting: JoinHandle<()>,
}

/// What came by.
#[derive(Default)]
struct Counts {
    callers: AtomicUsize,
    passed: AtomicUsize,
    asked: AtomicUsize,
    looks: AtomicUsize,
}

/// What windlass asks a target once, whenever it looks what was applied there.
const LOOK: &[u8] = b"LEFT JOIN windlass_lock r ON r.id = 3";

impl Proxy {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (way, seen) = watch::channel(Way::Open);
        let counts = Arc::<Counts>::default();
        let dropped = Arc::<Notify>::default();
        let ends_at = Arc::<Mutex<Option<String>>>::default();
        let (counted, dropping, ending) = (counts.clone(), dropped.clone(), ends_at.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                counted.callers.fetch_add(1, Ordering::SeqCst);
                if *seen.borrow() != Way::Cut {
                    let (counted, ending) = (counted.clone(), ending.clone());
                    tokio::spawn(pass_on(caller, server.clone(), seen.clone(), dropping.clone(), counted, ending));
                }
            }
        });
        Self { address, way, dropped, counts, ends_at, accepting }
    }

    /// How many bytes were sent either way so far.
    pub fn passed(&self) -> usize {
        self.counts.passed.load(Ordering::SeqCst)
    }

    /// How many bytes callers have sent so far.
    pub fn asked(&self) -> usize {
        self.counts.asked.load(Ordering::SeqCst)
    }

    /// How often windlass has looked, by its own or for others.
    pub fn looks(&self) -> usize {
        self.counts.looks.load(Ordering::SeqCst)
    }

    /// How many callers have come.
    pub fn callers(&self) -> usize {
        self.counts.callers.load(Ordering::SeqCst)
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
    counts: Arc<Counts>,
    ends_at: Arc<Mutex<Option<String>>>,
) {
    let is_end = |piece: &[u8]| {
        let word = ends_at.lock().expect("the word");
        word.as_ref().is_some_and(|word| piece.windows(word.len()).any(|part| part == word.as_bytes()))
    };
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((from_caller, to_caller), (from_server, to_server)) = (caller.into_split(), server.into_split());
    let asked = |piece: &[u8]| {
        counts.asks(piece);
        !is_end(piece)
    };
    let answered = |piece: &[u8]| {
        counts.passes(piece);
        true
    };
    tokio::select! {
        () = one_way(from_caller, to_server, way.clone(), asked) => {}
        () = one_way(from_server, to_caller, way.clone(), answered) => {}
        _ = way.wait_for(|way| *way == Way::Cut) => {}
        () = dropped.notified() => {}
    }
}

impl Counts {
    fn passes(&self, piece: &[u8]) {
        self.passed.fetch_add(piece.len(), Ordering::SeqCst);
    }

    /// A message is a piece: what asks in few words waits for its answer.
    fn asks(&self, piece: &[u8]) {
        self.passes(piece);
        self.asked.fetch_add(piece.len(), Ordering::SeqCst);
        let looks = piece.windows(LOOK.len()).filter(|part| *part == LOOK).count();
        self.looks.fetch_add(looks, Ordering::SeqCst);
    }
}

async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    goes_on: impl Fn(&[u8]) -> bool,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if !goes_on(&piece[..length]) {
            return;
        }
        if way.wait_for(|way| *way != Way::Hole).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    // An end is not heard either.
    let _ = way.wait_for(|way| *way != Way::Hole).await;
}
