//! How a stream is made smaller, if it is: either way a zstd frame comes out of it.

use std::{
    io::{self, Write},
    thread,
};

use zstd::zstd_safe::CParameter;

use super::plain_frame::PlainFrame;
use crate::config::Compression;

/// About 700 MB/s on the text of a dump, twice as fast as zstd's own default; what comes out is as small on dumps of wide rows, and
/// a tenth larger at most on those that were measured (`docs/BENCHMARKS.md`).
const ZSTD_LEVEL: i32 = 1;
/// At most so many threads compress, and these cores are left for the rest: the server that reads, and hashes. On two cores the
/// thread that packs compresses itself, which costs a copy less.
const ZSTD_WORKERS_MAX: usize = 2;
const CORES_OF_OTHERS: usize = 2;
/// How much of the dump each of them takes at once: with zstd's own choice (8 MB at this level) memory grows past its bound.
const ZSTD_JOB_BYTES: u32 = 1_024 * 1_024;

/// What makes a stream smaller, or does not.
pub(super) enum Packing<W: Write> {
    Zstd(zstd::Encoder<'static, W>),
    Plain(PlainFrame<W>),
}

impl<W: Write> Packing<W> {
    /// Begins it.
    ///
    /// # Errors
    /// The destination's.
    pub fn begin(compression: Compression, into: W) -> io::Result<Self> {
        match compression {
            Compression::Zstd => compressor(into).map(Self::Zstd),
            Compression::None => PlainFrame::begin(into).map(Self::Plain),
        }
    }

    /// Ends it, without which it is cut off.
    ///
    /// # Errors
    /// The destination's.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Plain(frame) => frame.finish(),
        }
    }
}

impl<W: Write> Write for Packing<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self {
            Self::Zstd(encoder) => encoder.write(piece),
            Self::Plain(frame) => frame.write(piece),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => encoder.flush(),
            Self::Plain(frame) => frame.flush(),
        }
    }
}

fn compressor<W: Write>(into: W) -> io::Result<zstd::Encoder<'static, W>> {
    let mut encoder = zstd::Encoder::new(into, ZSTD_LEVEL)?;
    encoder.include_checksum(true)?;
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores > CORES_OF_OTHERS {
        encoder.multithread(u32::try_from((cores - CORES_OF_OTHERS).min(ZSTD_WORKERS_MAX)).unwrap_or(1))?;
        encoder.set_parameter(CParameter::JobSize(ZSTD_JOB_BYTES))?;
    }
    Ok(encoder)
}
