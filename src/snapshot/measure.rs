//! Sizes and hashes of what passes.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::key::hex;

/// How much is read at once.
pub(super) const PIECE_BYTES: usize = 64 * 1_024;

/// What passed: how much, and its SHA-256 in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measure {
    pub bytes: u64,
    pub sha256: String,
}

/// Counts and hashes what passes, in either direction.
pub(super) struct Measured<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Measured<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    pub fn take_in(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it passed through, and what passed.
    pub fn finish(self) -> (T, Measure) {
        (self.inner, Measure { bytes: self.bytes, sha256: hex(&self.hash.finalize()) })
    }
}

impl<T: Write> Write for Measured<T> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(piece)?;
        self.take_in(&piece[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Measured<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.take_in(&into[..read]);
        Ok(read)
    }
}

/// Measures everything from here on; `progress` is told the bytes so far.
pub(super) fn measure(mut from: impl Read, progress: &mut dyn FnMut(u64)) -> io::Result<Measure> {
    let mut measured = Measured::new(());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(measured.finish().1);
        }
        measured.take_in(&piece[..read]);
        progress(measured.bytes());
    }
}
