//! A stream into the store: measured, compressed, measured, sealed, measured.

use std::{
    io::{self, Write},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use age::stream::StreamWriter;
use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use super::{
    ArchiveError,
    key::{Keyring, Keys},
    measure::{Measure, Measured},
    packing::Packing,
    store::Store,
};
use crate::{
    config::Compression,
    model::snapshot::{Encryption, Export},
};

/// So much is handed from the thread that packs to the one that seals, and so many of them at once.
const HANDED_BYTES: usize = 256 * 1_024;
const HANDED_MAX: usize = 4;

/// What was written, in the words of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The payload's file name.
    pub payload: String,
    /// Its size.
    pub payload_bytes: u64,
    /// Its SHA-256, in lower-case hex.
    pub payload_sha256: String,
    /// Its size before encryption.
    pub compressed_bytes: u64,
    /// Its SHA-256 before encryption.
    pub compressed_sha256: String,
    /// The size of the dump in it.
    pub dump_bytes: u64,
    /// The SHA-256 of the dump.
    pub dump_sha256: String,
    /// How it is sealed.
    pub encryption: Encryption,
}

/// The three measures of a stream.
pub(super) struct Measures {
    /// Of what came in.
    pub content: Measure,
    /// Compressed.
    pub compressed: Measure,
    /// As it lies there.
    pub stored: Measure,
}

impl Measures {
    /// In the manifest's words for a payload.
    pub fn of_payload(self, payload: String, encryption: Encryption) -> Written {
        Written {
            payload,
            payload_bytes: self.stored.bytes,
            payload_sha256: self.stored.sha256,
            compressed_bytes: self.compressed.bytes,
            compressed_sha256: self.compressed.sha256,
            dump_bytes: self.content.bytes,
            dump_sha256: self.content.sha256,
            encryption,
        }
    }

    /// In its words for an export.
    pub fn of_export(self, file: String) -> Export {
        Export {
            file,
            bytes: self.stored.bytes,
            sha256: self.stored.sha256,
            compressed_bytes: self.compressed.bytes,
            compressed_sha256: self.compressed.sha256,
            content_bytes: self.content.bytes,
            content_sha256: self.content.sha256,
        }
    }
}

/// Where compressed bytes go.
enum Sealing<W: Write> {
    Age(Box<StreamWriter<W>>),
    Plain(W),
}

impl<W: Write> Sealing<W> {
    /// Writes the end, without which an age file is a truncated one.
    fn finish(self) -> io::Result<W> {
        match self {
            Self::Age(writer) => writer.finish(),
            Self::Plain(writer) => Ok(writer),
        }
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self {
            Self::Age(writer) => writer.write(piece),
            Self::Plain(writer) => writer.write(piece),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Age(writer) => writer.flush(),
            Self::Plain(writer) => writer.flush(),
        }
    }
}

/// Gives what is written to another thread, in pieces.
struct Handover {
    piece: Vec<u8>,
    taker: SyncSender<Vec<u8>>,
}

impl Handover {
    fn to(taker: SyncSender<Vec<u8>>) -> Self {
        Self { piece: Vec::with_capacity(HANDED_BYTES), taker }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(HANDED_BYTES));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes it any more");
        if piece.is_empty() { Ok(()) } else { self.taker.send(piece).map_err(gone) }
    }
}

impl Write for Handover {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(piece);
        if self.piece.len() >= HANDED_BYTES {
            self.hand_over()?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }
}

/// Writes what comes in under a name of its own; what fails leaves nothing behind. The memory it takes does not depend on how
/// much that is. One thread packs, the other one seals and writes.
pub(super) fn stream(
    store: &dyn Store,
    (keyring, keys): (&Keyring, &Keys),
    compression: Compression,
    name: &str,
    source: Receiver<Bytes>,
    progress: impl FnMut(u64) + Send,
) -> Result<Measures, ArchiveError> {
    let mut encryptor = keyring.encryptor(keys)?;
    let mut work = Some((source, progress));
    let mut inner = None;
    let stored = store.stream(name, &mut |file| {
        let file = Measured::new(file);
        let mut sealing = match encryptor.take() {
            Some(encryptor) => Sealing::Age(Box::new(encryptor.wrap_output(file)?)),
            None => Sealing::Plain(file),
        };
        let (taker, packed) = sync_channel::<Vec<u8>>(HANDED_MAX);
        let (source, progress) = work.take().ok_or_else(|| io::Error::other("a stream is written once"))?;
        thread::scope(|threads| {
            let packing = threads.spawn(move || pack(compression, source, progress, Handover::to(taker)));
            let sealed = packed.iter().try_for_each(|piece| sealing.write_all(&piece));
            // Whoever packs has to notice that nobody takes it any more.
            drop(packed);
            let packing = packing.join().unwrap_or_else(|_| Err(io::Error::other("the thread that packs is gone")));
            sealed?;
            inner = Some(packing?);
            Ok::<_, io::Error>(())
        })?;
        let (_, stored) = sealing.finish()?.finish();
        Ok(stored)
    })?;
    let gone = || ArchiveError::file(name.as_ref(), io::Error::other("nothing was written"));
    let (content, compressed) = inner.ok_or_else(gone)?;
    Ok(Measures { content, compressed, stored })
}

/// Measures what comes, packs it, and measures that.
fn pack(
    compression: Compression,
    mut source: Receiver<Bytes>,
    mut progress: impl FnMut(u64),
    into: Handover,
) -> io::Result<(Measure, Measure)> {
    let mut packing = Measured::new(Packing::begin(compression, Measured::new(into))?);
    while let Some(piece) = source.blocking_recv() {
        failpoint!("snap.piece", std::io::Error::from);
        packing.write_all(&piece)?;
        progress(packing.bytes());
    }
    let (packing, content) = packing.finish();
    let (mut into, compressed) = packing.finish()?.finish();
    into.flush()?;
    Ok((content, compressed))
}
