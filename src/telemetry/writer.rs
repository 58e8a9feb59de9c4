//! A file that a thread of its own writes: whoever has something for it never waits for the disk.

use std::{
    fs::File,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

/// So many bytes may wait for the disk; there is no room for what comes then.
const WAITING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Once there was no room, there is some again when no more than this waits.
const WAITING_BYTES_AGAIN: usize = WAITING_BYTES_MAX / 2;
/// How long the end waits for the disk.
const END_MS_MAX: u64 = 2_000;

/// The way to the file.
#[derive(Debug)]
pub(super) struct Writer {
    texts: mpsc::Sender<String>,
    /// In bytes.
    waiting: Arc<AtomicUsize>,
    is_full: bool,
    /// How it ended: with everything written, or with the first error.
    over: oneshot::Receiver<io::Result<()>>,
}

impl Writer {
    /// Begins the thread; it ends when it has written all, at the first error, and with the process.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn to(mut file: File) -> io::Result<Self> {
        let (texts, coming) = mpsc::channel::<String>();
        let (end, over) = oneshot::channel();
        let waiting = Arc::<AtomicUsize>::default();
        let left = Arc::clone(&waiting);
        thread::Builder::new().name("run-log".to_owned()).spawn(move || {
            let written = coming.iter().try_for_each(|text| {
                let written = file.write_all(text.as_bytes());
                left.fetch_sub(text.len(), Ordering::Relaxed);
                written
            });
            // With it goes its lock.
            drop(file);
            let _ = end.send(written);
        })?;
        Ok(Self { texts, waiting, is_full: false, over })
    }

    /// Whether something may be put there now.
    pub fn has_room(&mut self) -> bool {
        let limit = if self.is_full { WAITING_BYTES_AGAIN } else { WAITING_BYTES_MAX };
        self.is_full = self.waiting.load(Ordering::Relaxed) >= limit;
        !self.is_full
    }

    /// Puts `text` behind what waits. After an error it is lost.
    pub fn put(&self, text: String) {
        self.waiting.fetch_add(text.len(), Ordering::Relaxed);
        let _ = self.texts.send(text);
    }

    /// The error with which it ended, once.
    pub fn failed(&mut self) -> Option<io::Error> {
        self.over.try_recv().ok()?.err()
    }

    /// Waits until all is written, but no longer than two seconds.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::TimedOut`] when the disk has not taken all of it.
    pub async fn end(self) -> io::Result<()> {
        let Self { texts, over, .. } = self;
        drop(texts);
        match tokio::time::timeout(Duration::from_millis(END_MS_MAX), over).await {
            Ok(written) => written.unwrap_or(Ok(())),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the disk does not take it")),
        }
    }
}
