//! How much room the file takes, and how much is left beside it.

use std::{fs, io};

use super::{EngineError, Place, fault};
use crate::engine::Room;

/// What belongs to the database while it is open (SQLite manual, "Temporary Files Used By SQLite").
const FILES: [&str; 3] = ["", "-wal", "-journal"];

/// A file that is not there yet takes nothing; its folder, or the one that will hold it, is looked at all the same.
pub(super) fn of(place: &Place) -> Result<Room, EngineError> {
    let mut bytes = 0;
    for ending in FILES {
        let mut path = place.path.clone().into_os_string();
        path.push(ending);
        match fs::metadata(&path) {
            Ok(facts) => bytes += facts.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fault::on_file(path.as_ref(), error)),
        }
    }
    let folder = place.path.ancestors().skip(1).find(|folder| folder.exists());
    Ok(Room::at(bytes, folder))
}
