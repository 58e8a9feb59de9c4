//! What is left on a file system of this machine.

use std::path::Path;

use super::Room;
use crate::disk;

impl Room {
    /// The room of a database that lies at `place`, if that is on this machine. A path that cannot be looked at from here is
    /// as good as none.
    pub(super) fn at(database_bytes: u64, place: Option<&Path>) -> Self {
        let seen = place.and_then(|place| Some((disk::free_bytes(place)?, place.display().to_string())));
        let (free_bytes, place) = seen.unzip();
        Self { database_bytes, free_bytes, place }
    }
}
