//! A zstd frame that holds its content as it is, for data that does not compress: `zstd -d` opens it like any other, and so
//! does everything here that reads.
//!
//! RFC 8878, section 3.1.1: the magic number, a descriptor that promises neither a size nor a checksum, the window, and blocks of
//! which each has three bytes before it: whether it is the last, that it is raw, and its size.

use std::io::{self, Write};

const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
const DESCRIPTOR: u8 = 0;
/// 2^17 bytes, the largest that a block may have: its exponent less 10, in the upper five bits.
const WINDOW: u8 = (17 - 10) << 3;
const BLOCK_BYTES: usize = 1 << 17;
const LAST: u32 = 1;

/// The writer of such a frame.
pub(super) struct PlainFrame<W: Write> {
    into: W,
    block: Vec<u8>,
}

impl<W: Write> PlainFrame<W> {
    /// Begins it.
    pub fn begin(mut into: W) -> io::Result<Self> {
        into.write_all(&MAGIC)?;
        into.write_all(&[DESCRIPTOR, WINDOW])?;
        Ok(Self { into, block: Vec::with_capacity(BLOCK_BYTES) })
    }

    /// Ends it.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_block(LAST)?;
        Ok(self.into)
    }

    fn end_block(&mut self, last: u32) -> io::Result<()> {
        // A block's size fits, as it has 21 bits.
        let size = u32::try_from(self.block.len()).unwrap_or(u32::MAX);
        let [first, second, third, _] = (size << 3 | last).to_le_bytes();
        self.into.write_all(&[first, second, third])?;
        self.into.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Write for PlainFrame<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK_BYTES {
            self.end_block(0)?;
        }
        let taken = piece.len().min(BLOCK_BYTES - self.block.len());
        self.block.extend_from_slice(&piece[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}
