//! A process that serves, and what it costs.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::Fallible;

/// What is asked for.
pub const PATH: &str = "/api/system/health";

/// What a service says before its address.
const LISTENS: &str = "listening on http://";

/// The kernel counts a process's time in so many parts of a second: `USER_HZ`, which is 100 on every Linux that Rust runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// Between two tries for the first answer: whoever asks must not take the processor away from whoever is to answer.
const BETWEEN_TRIES: Duration = Duration::from_micros(200);

/// A service, while this lives.
pub struct Service {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first answer, whatever it says.
    pub first: Duration,
    /// From its start to its first good answer.
    pub first_good: Duration,
}

/// What a process holds of the machine's memory, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// All that is in it.
    pub resident: u64,
    /// Of this, what is not a file's: a file's pages, the program's own among them, are shared, and dropped when memory is short.
    pub own: u64,
}

impl Service {
    /// Starts a service and waits for its first good answer.
    pub fn start(mut command: Command) -> Fallible<Self> {
        let began = Instant::now();
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(process.stderr.take().ok_or("no output")?).lines();
        let address = loop {
            let line = lines.next().ok_or("the service ended")??;
            if let Some((_, address)) = line.split_once(LISTENS) {
                let end = address.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter));
                break address[..end.unwrap_or(address.len())].parse()?;
            }
        };
        // It must not come to stand because nobody reads what it says.
        thread::spawn(move || lines.count());
        let mut service = Self { process, address, first: Duration::ZERO, first_good: Duration::ZERO };
        let mut is_good = service.body()?.starts_with('{');
        service.first = began.elapsed();
        while !is_good {
            thread::sleep(BETWEEN_TRIES);
            is_good = service.body()?.starts_with('{');
        }
        service.first_good = began.elapsed();
        Ok(service)
    }

    /// The body of one answer, asked for on a connection of its own.
    pub fn body(&self) -> Fallible<String> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(stream, "GET {PATH} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        Ok(if head.starts_with("HTTP/1.1 200") { body.to_owned() } else { String::new() })
    }

    /// The processor's time that it has used, all of its threads together.
    pub fn cpu(&self) -> Fallible<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name, in parentheses, may hold anything; user and system time are fields 14 and 15.
        let fields: Vec<&str> = stat.rsplit_once(')').ok_or("no fields")?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).ok_or("too few fields")?.parse::<f64>().map_err(Into::into);
        let (user, system): (Fallible<f64>, Fallible<f64>) = (ticks(11), ticks(12));
        Ok(Duration::from_secs_f64((user? + system?) / TICKS_A_SECOND))
    }

    /// What it holds of the machine's memory.
    pub fn memory(&self) -> Fallible<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let bytes = |field: &str| -> Fallible<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or(format!("no {field}"))?;
            Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
        };
        Ok(Memory { resident: bytes("VmRSS:")?, own: bytes("RssAnon:")? })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
