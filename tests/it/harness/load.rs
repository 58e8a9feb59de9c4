//! Callers that ask at a steady rate, whatever the answers take, over connections that stay open.

use std::{
    collections::BTreeMap,
    io,
    ops::AddAssign,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Builder,
    time::sleep_until,
};

/// So many connections share the rate.
const CONNECTIONS: u32 = 50;

/// Requests in a second, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub a_second: u32,
    pub lasts: Duration,
}

/// What the callers were answered.
#[derive(Debug, Default)]
pub struct Answered {
    /// How many answers had which status.
    pub statuses: BTreeMap<u16, u64>,
    /// From the first request to the last answer.
    pub took: Duration,
}

impl Load {
    /// Has these paths asked for in turn at the service at `url`, on a thread of its own; a connection that ends early fails the test.
    pub async fn on(self, url: &str, paths: &'static [&'static str]) -> Answered {
        let address = url.trim_start_matches("http://").to_owned();
        let (told, answered) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let began = Instant::now();
            let mut all = Answered::default();
            runtime.block_on(async {
                let callers: Vec<_> =
                    (0..CONNECTIONS).map(|nth| tokio::spawn(self.call(address.clone(), paths, began, nth))).collect();
                for caller in callers {
                    all += caller.await.expect("a caller").expect("an answer");
                }
            });
            all.took = began.elapsed();
            let _ = told.send(all);
        });
        answered.await.expect("every caller was answered")
    }

    /// One caller: it is late when an answer was, and then asks again at once, so that the rate holds.
    async fn call(
        self,
        address: String,
        paths: &'static [&'static str],
        began: Instant,
        nth: u32,
    ) -> io::Result<Answered> {
        let pause = Duration::from_secs(1) * CONNECTIONS / self.a_second;
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut answered, mut buffer) = (Answered::default(), vec![0; 16 * 1024]);
        let mut due = began + pause * nth / CONNECTIONS;
        for path in paths.iter().cycle() {
            if due >= began + self.lasts || began.elapsed() >= self.lasts {
                break;
            }
            sleep_until(due.into()).await;
            due += pause;
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: load\r\n\r\n").as_bytes()).await?;
            *answered.statuses.entry(status(&mut stream, &mut buffer).await?).or_default() += 1;
        }
        Ok(answered)
    }
}

impl Answered {
    pub fn count(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    pub fn rate(&self) -> f64 {
        self.count() as f64 / self.took.as_secs_f64()
    }

    /// Every answer must have had one of these, and each of them some answer.
    #[track_caller]
    pub fn must_be(&self, statuses: &[u16]) {
        assert!(self.statuses.keys().eq(statuses), "{self:?}, not {statuses:?}");
    }
}

impl AddAssign for Answered {
    fn add_assign(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }
}

/// The status of one answer, read to its end as its `Content-Length` has it.
async fn status(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<u16> {
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        let Some((status, length)) = head(&buffer[..filled]) else { continue };
        if filled >= length {
            return Ok(status);
        }
    }
}

/// The status of an answer and how long it is altogether, once its head is here.
fn head(answer: &[u8]) -> Option<(u16, usize)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = text.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).expect("a status");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    Some((status, end + 4 + length.expect("a length")))
}
