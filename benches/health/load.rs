//! Callers that ask as fast as they are answered, each on one connection that stays open.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Builder,
};

use super::{Fallible, service::PATH};

/// Where the length of a body is told; hyper writes the names of fields in small letters.
const LENGTH: &[u8] = b"\r\ncontent-length: ";

/// When callers have had enough.
#[derive(Debug, Clone, Copy)]
pub enum Enough {
    /// After this time.
    Time(Duration),
    /// After so many answers together.
    Requests(u64),
}

/// What a load came to.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub connections: usize,
    pub answers: u64,
    pub wall: Duration,
}

impl Load {
    /// Has so many callers ask until they have had enough.
    ///
    /// # Errors
    /// When a caller is answered anything but 200.
    pub fn of(address: SocketAddr, connections: usize, enough: Enough) -> Fallible<Self> {
        let answers = Arc::new(AtomicU64::new(0));
        // One thread: the service is to have the rest of the machine.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let began = Instant::now();
        runtime.block_on(async {
            let callers: Vec<_> =
                (0..connections).map(|_| tokio::spawn(call(address, Arc::clone(&answers), began, enough))).collect();
            for caller in callers {
                caller.await??;
            }
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        Ok(Self { connections, answers: answers.load(Ordering::Relaxed), wall: began.elapsed() })
    }

    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.wall.as_secs_f64()
    }

    /// What each answer had of `spent`, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    pub fn share_us(&self, spent: Duration) -> f64 {
        spent.as_secs_f64() * 1e6 / self.answers as f64
    }
}

async fn call(address: SocketAddr, answers: Arc<AtomicU64>, began: Instant, enough: Enough) -> Result<(), io::Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: bench\r\n\r\n");
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let had = answers.load(Ordering::Relaxed);
        let is_enough = match enough {
            Enough::Time(time) => began.elapsed() >= time,
            Enough::Requests(requests) => had >= requests,
        };
        if is_enough {
            return Ok(());
        }
        stream.write_all(request.as_bytes()).await?;
        read_answer(&mut stream, &mut buffer).await?;
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads one answer to its end, as its `Content-Length` has it.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(), io::Error> {
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        if length(&buffer[..filled])?.is_some_and(|length| filled >= length) {
            return Ok(());
        }
    }
}

/// How long an answer is altogether, once its head is here.
///
/// Looked for as bytes: on two cores, whatever a caller does with a longer head is time that the service does not get.
fn length(answer: &[u8]) -> Result<Option<usize>, io::Error> {
    let Some(head) = memmem::find(answer, b"\r\n\r\n") else { return Ok(None) };
    let body = memmem::find(&answer[..head], LENGTH).map(|at| &answer[at + LENGTH.len()..head]);
    let digits = body.and_then(|body| str::from_utf8(body.split(|byte| *byte == b'\r').next()?).ok());
    match digits.and_then(|digits| digits.parse::<usize>().ok()) {
        Some(body) if answer.starts_with(b"HTTP/1.1 200") => Ok(Some(head + 4 + body)),
        _ => Err(io::Error::other(format!("not a good answer: {}", String::from_utf8_lossy(answer)))),
    }
}
