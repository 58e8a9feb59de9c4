//! A stream into the store: measured, compressed, measured, sealed, measured.

use std::{
    io::{self, Write},
    thread,
};

use age::stream::StreamWriter;
use bytes::Bytes;
use tokio::sync::mpsc::Receiver;
use zstd::zstd_safe::CParameter;

use super::{
    ArchiveError,
    key::{Keyring, Keys},
    measure::{Measure, Measured},
    store::Store,
};

/// zstd's own default: about 500 MB/s on the text of a dump, for most of what a higher level saves.
const ZSTD_LEVEL: i32 = 3;
/// At most so many threads compress, and one core is left for the rest: hashes and age take half as long as zstd, and the database
/// reads meanwhile. On two cores one thread compresses while another one hashes and seals.
const ZSTD_WORKERS_MAX: usize = 2;
/// How much of the dump each of them takes at once: with zstd's own choice (8 MB at this level) memory grows past its bound.
const ZSTD_JOB_BYTES: u32 = 1_024 * 1_024;

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
    pub encryption: crate::model::snapshot::Encryption,
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

/// Writes what comes in under a name of its own; what fails leaves nothing behind. The memory it takes does not depend on how
/// much that is.
pub(super) fn stream(
    store: &dyn Store,
    (keyring, keys): (&Keyring, &Keys),
    name: &str,
    mut source: Receiver<Bytes>,
    mut progress: impl FnMut(u64),
) -> Result<Measures, ArchiveError> {
    let mut encryptor = keyring.encryptor(keys)?;
    let mut inner = None;
    let stored = store.stream(name, &mut |file| {
        let file = Measured::new(file);
        let sealing = match encryptor.take() {
            Some(encryptor) => Sealing::Age(Box::new(encryptor.wrap_output(file)?)),
            None => Sealing::Plain(file),
        };
        let mut encoder = Measured::new(compressor(Measured::new(sealing))?);
        while let Some(piece) = source.blocking_recv() {
            failpoint!("snap.piece", std::io::Error::from);
            encoder.write_all(&piece)?;
            progress(encoder.bytes());
        }
        let (encoder, content) = encoder.finish();
        let (sealing, compressed) = encoder.finish()?.finish();
        let (_, stored) = sealing.finish()?.finish();
        inner = Some((content, compressed));
        Ok(stored)
    })?;
    let gone = || ArchiveError::file(name.as_ref(), io::Error::other("nothing was written"));
    let (content, compressed) = inner.ok_or_else(gone)?;
    Ok(Measures { content, compressed, stored })
}

fn compressor<W: Write>(into: W) -> io::Result<zstd::Encoder<'static, W>> {
    let mut encoder = zstd::Encoder::new(into, ZSTD_LEVEL)?;
    encoder.include_checksum(true)?;
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores > 1 {
        encoder.multithread(u32::try_from((cores - 1).min(ZSTD_WORKERS_MAX)).unwrap_or(1))?;
        encoder.set_parameter(CParameter::JobSize(ZSTD_JOB_BYTES))?;
    }
    Ok(encoder)
}
