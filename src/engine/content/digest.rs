//! Rows added up to a digest, as [`TableDigest`] says.

use sha2::{Digest, Sha256};

use crate::model::snapshot::TableDigest;

/// So many bytes of each row's SHA-256 are added.
const SUMMED_BYTES: usize = 16;

/// The digest of a table on its way.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Tally {
    rows: u64,
    sum: u128,
}

impl Tally {
    /// Takes in one row, as bytes that no other row of the table would be written as.
    pub fn take_in(&mut self, row: &[u8]) {
        let hash = Sha256::digest(row);
        let mut first = [0; SUMMED_BYTES];
        first.copy_from_slice(&hash[..SUMMED_BYTES]);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
    }

    /// The digest of all of them.
    pub fn digest(&self) -> TableDigest {
        TableDigest { rows: self.rows, hash: format!("{:032x}", self.sum) }
    }
}
