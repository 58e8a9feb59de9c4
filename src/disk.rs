//! What is left on a file system of this machine.

use std::{os::unix::fs::MetadataExt, path::Path};

use nix::sys::statvfs::statvfs;

/// What an ordinary account may still write at `place`, in bytes (POSIX, `statvfs`: `f_bavail` blocks of `f_frsize` bytes). Of a
/// folder that is not there yet, the nearest one above it is asked. `None` when it cannot be seen from here. Blocks for a
/// question to the system.
#[must_use]
pub fn free_bytes(place: &Path) -> Option<u64> {
    let facts = statvfs(there(place)?).ok()?;
    #[expect(clippy::useless_conversion, reason = "both are narrower on some systems")]
    let (blocks, size) = (u64::from(facts.blocks_available()), u64::from(facts.fragment_size()));
    Some(blocks.saturating_mul(size))
}

/// Which file system `place` is on, as a number to compare with others of this machine.
#[must_use]
pub fn device(place: &Path) -> Option<u64> {
    there(place)?.metadata().ok().map(|metadata| metadata.dev())
}

/// The nearest folder that is there.
fn there(place: &Path) -> Option<&Path> {
    let here = Path::new(".");
    place.ancestors().map(|above| if above.as_os_str().is_empty() { here } else { above }).find(|above| above.exists())
}
