//! What is left on a file system of this machine.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::Room;

impl Room {
    /// The room of a database that lies at `place`, if that is on this machine. A path that cannot be looked at from here is
    /// as good as none.
    pub(super) fn at(database_bytes: u64, place: Option<&Path>) -> Self {
        let seen = place.and_then(|place| Some((free(place)?, place.display().to_string())));
        let (free_bytes, place) = seen.unzip();
        Self { database_bytes, free_bytes, place }
    }
}

/// What an ordinary account may still write there (POSIX, `statvfs`: `f_bavail` blocks of `f_frsize` bytes).
fn free(place: &Path) -> Option<u64> {
    let facts = statvfs(place).ok()?;
    #[expect(clippy::useless_conversion, reason = "both are narrower on some systems")]
    let (blocks, size) = (u64::from(facts.blocks_available()), u64::from(facts.fragment_size()));
    Some(blocks.saturating_mul(size))
}
